import { describe, expect, it } from "vitest";

import type { Moment } from "../../room/engine";
import { Speaker, SUMMARY_EVERY_MS } from "./summary";

const TALLY = {
  waiting: 0,
  accepted: 0,
  refused: 0,
  unknown: 0,
  lastRefusal: null,
  isKept: true,
};
const STATE = {
  v: 1,
  room: "final",
  version: 1,
  open: true,
  emoji: null,
  muted: [],
  changed_ms: 1,
} as const;
const FRAME = {
  v: 1,
  room: "final",
  epoch: "e",
  seq: 1,
  window_start_ms: 0,
  window_ms: 2000,
  counts: {},
  other: 0,
  scaled: {},
  share: {},
  mood: { love: 1 },
  sentiment: {},
  totals: {},
  times: { appended_ms: 0, made_ms: 0 },
} as const;

function moment(phase: Moment["phase"], total: number, open = true): Moment {
  return {
    phase,
    frame: { ...FRAME, total },
    state: { ...STATE, open },
    members: 7,
    cluster: null,
    tally: TALLY,
    problem: null,
  };
}

describe("what a screen reader hears", () => {
  it("is the state and the room at first, then nothing for a while, however many frames come", () => {
    const speaker = new Speaker();
    expect(speaker.say(moment("live", 5), 0)).toBe(
      "Live. 5 reactions. Almost all love. 7 here.",
    );
    for (let ms = 500; ms < SUMMARY_EVERY_MS; ms += 500)
      expect(speaker.say(moment("live", 5 + ms), ms)).toBeNull();
    expect(speaker.say(moment("live", 99), SUMMARY_EVERY_MS)).toBe(
      "99 reactions. Almost all love. 7 here.",
    );
  });

  it("is not repeated while nothing has changed", () => {
    const speaker = new Speaker();
    speaker.say(moment("live", 5), 0);
    expect(speaker.say(moment("live", 5), 10 * SUMMARY_EVERY_MS)).toBeNull();
  });

  it("is a change of state at once", () => {
    const speaker = new Speaker();
    speaker.say(moment("live", 5), 0);
    expect(speaker.say(moment("stale", 5), 100)).toContain(
      "Old picture: the server is silent.",
    );
    expect(speaker.say(moment("stale", 5, false), 200)).toContain(
      "The room is closed.",
    );
  });

  it("does not count up the taps that wait", () => {
    const speaker = new Speaker();
    const waiting = (taps: number): Moment => ({
      ...moment("offline", 5),
      tally: { ...TALLY, waiting: taps },
    });
    expect(speaker.say(waiting(1), 0)).toContain("1 tap waits.");
    expect(speaker.say(waiting(2), 100)).toBeNull();
  });
});
