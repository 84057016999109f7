import { describe, expect, it } from "vitest";

import { barWords } from "./words";

const STATE = {
  v: 1,
  room: "final",
  version: 1,
  open: true,
  emoji: null,
  muted: [],
  changed_ms: 1,
} as const;
const TALLY = {
  waiting: 0,
  accepted: 0,
  refused: 0,
  unknown: 0,
  lastRefusal: null,
  isKept: true,
};
const GOOD = { state: STATE, tally: TALLY, isReached: true };

describe("the embedded bar", () => {
  it("says nothing while all goes well, nor while a tap is on its way", () => {
    expect(barWords(GOOD)).toBe("");
    expect(barWords({ ...GOOD, tally: { ...TALLY, waiting: 3 } })).toBe("");
  });

  it("says that the room is closed, before anything else", () => {
    expect(
      barWords({ ...GOOD, state: { ...STATE, open: false }, isReached: false }),
    ).toBe("The room is closed.");
  });

  it("says what waits while the server is away", () => {
    expect(
      barWords({ ...GOOD, isReached: false, tally: { ...TALLY, waiting: 2 } }),
    ).toBe("Offline. 2 taps wait.");
  });

  it("says what was refused, and what may be lost", () => {
    const lastRefusal = { label: "emoji_not_offered", help: "Not offered." };
    expect(barWords({ ...GOOD, tally: { ...TALLY, lastRefusal } })).toBe(
      "Not offered.",
    );
    expect(barWords({ ...GOOD, tally: { ...TALLY, unknown: 1 } })).toBe(
      "1 tap may not have been counted.",
    );
  });
});
