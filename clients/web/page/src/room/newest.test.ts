import { expect, test } from "vitest";
import { Newest } from "./newest";
import { bytes, frame } from "./samples";

const LATER = "2026-11-21T18:00:00.000Z";

test.each([
  ["a later epoch", { epoch: LATER, seq: 0 }, true],
  ["a later trigger", { seq: 9, window_start_ms: 0 }, true],
  ["a later window", { window_start_ms: 1_795_226_380_000 }, true],
  ["the same position with other counts", { counts: { "🎉": 1 } }, true],
  ["the same again", {}, false],
  ["an earlier trigger", { seq: 7 }, false],
  ["an earlier window", { window_start_ms: 0 }, false],
  ["another room's frame", { room: "other", seq: 99 }, false],
])("of a frame and %s, is the second news?", (_, changes, isNews) => {
  const newest = new Newest("final");
  newest.take(bytes(frame()));
  expect(newest.take(bytes(frame(changes))) !== null).toBe(isNews);
  expect(newest.frame).toEqual(frame(isNews ? changes : {}));
});

test("what is no frame leaves the newest as it is", () => {
  const newest = new Newest("final");
  newest.take(bytes(frame()));
  expect(newest.take(bytes("{"))).toBeNull();
  expect(newest.frame).toEqual(frame());
});
