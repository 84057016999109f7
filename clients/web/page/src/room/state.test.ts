import { expect, test } from "vitest";
import { bytes } from "./samples";
import { later, parseState, untouched } from "./state";

const said = {
  v: 1,
  room: "final",
  version: 7,
  open: false,
  emoji: ["❤️", "😂"],
  muted: ["😂"],
  changed_ms: 1_795_226_379_700,
};

test("a state is read as it was said", () => {
  expect(parseState(bytes(said), "final")).toEqual(said);
});

test("a room may take any emoji", () => {
  expect(parseState(bytes({ ...said, emoji: null }), "final")?.emoji).toBeNull();
});

test.each([
  ["no JSON", "{"],
  ["another room's", { ...said, room: "other" }],
  ["another version's", { ...said, v: 2 }],
  ["of no version", { ...said, version: -1 }],
  ["neither open nor closed", { ...said, open: "yes" }],
  ["without any emoji", { ...said, emoji: [] }],
  ["with too many emoji", { ...said, emoji: Array(25).fill("❤️") }],
  ["with emoji that are no text", { ...said, emoji: [1] }],
  ["with muted emoji that are no list", { ...said, muted: "😂" }],
])("a state %s is none", (_, value) => {
  expect(parseState(bytes(value), "final")).toBeNull();
});

test("the highest version counts, and of two equal ones the later", () => {
  const known = { ...untouched("final"), version: 3 };
  const [older, equal, newer] = [2, 3, 4].map((version) => ({ ...known, version }));
  expect(later(known, older ?? known)).toBe(known);
  expect(later(known, equal ?? known)).toBe(equal);
  expect(later(known, newer ?? known)).toBe(newer);
});
