import { expect, test } from "vitest";
import { parseFrame } from "./frame";
import { bytes, frame } from "./samples";

test("a frame is read as it was sent", () => {
  expect(parseFrame(bytes(frame()))).toEqual(frame());
});

test.each([
  ["no JSON", bytes("{")],
  ["no UTF-8", new Uint8Array([0xff, 0xfe])],
  ["nothing", new Uint8Array()],
  ["a list", bytes([frame()])],
  ["null", bytes("null")],
  ["another version", bytes({ ...frame(), v: 2 })],
  ["a negative count", bytes({ ...frame(), counts: { "❤️": -1 } })],
  ["half a reaction", bytes({ ...frame(), totals: { "❤️": 0.5 } })],
  ["a count beyond what is exact", bytes({ ...frame(), total: 2 ** 53 })],
  ["a count as text", bytes({ ...frame(), scaled: { "❤️": "3" } })],
  ["counts in a list", bytes({ ...frame(), counts: [1] })],
  ["a room that is no text", bytes({ ...frame(), room: 7 })],
  ["no times", bytes({ ...frame(), times: {} })],
  ["a negative mood", bytes({ ...frame(), mood: { joy: -0.5 } })],
  ["more than anybody sends", bytes({ ...frame(), extra: "x".repeat(70_000) })],
  ["nested without end", bytes("[".repeat(50_000))],
])("%s is no frame", (_, raw) => {
  expect(parseFrame(raw)).toBeNull();
});

test("a hostile name stays a text, and changes nobody's prototype", () => {
  const raw = bytes(
    JSON.stringify(frame()).replace('"❤️":3785', '"__proto__":5,"<img src=x>":1'),
  );
  const { counts } = parseFrame(raw) ?? frame();
  expect(Object.keys(counts)).toContain("<img src=x>");
  expect(Object.getPrototypeOf(counts)).toBe(Object.prototype);
});

test("a field that this code does not know is no error", () => {
  expect(parseFrame(bytes({ ...frame(), later: true }))).not.toBeNull();
});
