import { expect, test } from "vitest";
import { type Answer, retryAfterS } from "./answer";
import { fateOf } from "./fate";

const answer = (status: number, fields: object = {}, retryAfterS = 0): Answer => ({
  status,
  text: JSON.stringify(fields),
  fields: { ...fields },
  retryAfterS,
});

const rejected = (...reasons: string[]) =>
  reasons.map((reason, index) => ({ index, reason }));

test("202 says how many are stored, and why others are not", () => {
  const fate = fateOf(
    answer(202, { accepted: 3, rejected: rejected("bad_emoji", "bad_emoji") }),
  );
  expect(fate).toEqual({
    kind: "accepted",
    count: 3,
    rejected: new Map([["bad_emoji", 2]]),
  });
});

test.each([
  ["400 with a label", answer(400, { error: "bad_json", help: "No." }), "bad_json"],
  ["409", answer(409, { error: "room_closed", help: "Closed." }), "room_closed"],
  ["404 of somebody else", answer(404), "http_404"],
  [
    "422 for one reason most of all",
    answer(422, {
      error: "nothing_acceptable",
      rejected: rejected("bad_emoji", "emoji_not_offered", "emoji_not_offered"),
    }),
    "emoji_not_offered",
  ],
])("%s is a refusal", (_, refusing, label) => {
  expect(fateOf(refusing)).toMatchObject({ kind: "refused", problem: { label } });
});

test.each([
  ["no answer", null, { isMaybeStored: true, isReached: false }],
  ["503 not_stored", answer(503, { error: "not_stored" }), { isMaybeStored: false }],
  ["503 unknown", answer(503, { error: "unknown" }), { isMaybeStored: true }],
  ["500 internal", answer(500, { error: "internal" }), { isMaybeStored: true }],
  ["429", answer(429, {}, 7), { isMaybeStored: false, isReached: true, afterS: 7 }],
  ["408", answer(408), { isMaybeStored: false }],
  ["502 of a proxy", answer(502), { isMaybeStored: true, isReached: false }],
  ["200 of a sign-in page", answer(200), { isMaybeStored: true, isReached: false }],
  ["202 of another server", answer(202), { isMaybeStored: true, isReached: false }],
])("%s: the batch is repeated", (_, said, expected) => {
  expect(fateOf(said)).toMatchObject({ kind: "again", ...expected });
});

test.each([
  ["7", 7],
  ["Thu, 01 Jan 1970 00:00:30 GMT", 20],
  ["Thu, 01 Jan 1970 00:00:05 GMT", 0],
  ["soon", 0],

  [null, 0],
])("Retry-After %s asks for %d s", (value, seconds) => {
  expect(retryAfterS(value, 10_000)).toBe(seconds);
});
