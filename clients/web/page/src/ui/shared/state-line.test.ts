import { describe, expect, it } from "vitest";

import type { Moment } from "../../room/engine";
import { stateLine, tapNotes } from "./state-line";

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
const at = (phase: Moment["phase"], waiting = 0, open = true) => ({
  phase,
  state: { ...STATE, open },
  tally: { ...TALLY, waiting },
  problem: null,
});

describe("the state line", () => {
  it.each([
    [at("connecting"), "Connecting…"],
    [at("live"), "Live"],
    [at("live", 3), "Live"],
    [at("quiet"), "It is quiet. Be the first."],
    [at("stale"), "Old picture: the server is silent."],
    [at("moving"), "Moving to another place…"],
    [at("offline"), "Offline."],
    [at("offline", 12), "Offline. 12 taps wait."],
    [at("offline", 1, false), "Offline. 1 tap waits."],
    [at("live", 0, false), "The room is closed."],
    [at("stale", 0, false), "The room is closed."],
  ])("of %j is %s", (moment, words) => {
    expect(stateLine(moment).words).toBe(words);
  });

  it("says why it has ended", () => {
    const problem = { label: "evicted", help: "The operator has put you out." };
    expect(stateLine({ ...at("ended"), problem }).words).toBe(problem.help);
  });

  it("has another shape for what is well and for what is not", () => {
    const shapes = (["live", "quiet", "stale", "offline", "moving"] as const).map(
      (phase) => stateLine(at(phase)).shape,
    );
    expect(new Set(shapes).size).toBe(5);
  });
});

describe("what became of taps", () => {
  it("is not worth a word while all were counted", () => {
    expect(tapNotes(TALLY)).toEqual([]);
  });

  it("is told where one was refused, may be lost, or cannot be kept", () => {
    const lastRefusal = { label: "emoji_not_offered", help: "Not offered." };
    expect(tapNotes({ ...TALLY, lastRefusal, unknown: 2, isKept: false })).toEqual([
      "Not offered.",
      "2 taps may not have been counted.",
      "This browser keeps nothing: taps that wait are lost with this page.",
    ]);
  });
});
