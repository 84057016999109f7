import { describe, expect, it } from "vitest";

import { cut, Launches, Pace, spread } from "./launches";

const frame = (window_start_ms: number, scaled: Record<string, number>) => ({
  epoch: "e",
  window_start_ms,
  scaled,
});
const sum = (due: ReadonlyMap<string, number>) =>
  [...due.values()].reduce((all, count) => all + count, 0);

describe("what rises for a frame", () => {
  it("is only what is more than the same window had before", () => {
    const launches = new Launches();
    expect([...launches.due(frame(0, { "❤️": 3 }), 0)]).toEqual([["❤️", 3]]);
    expect([...launches.due(frame(0, { "❤️": 5, "😂": 1 }), 0)]).toEqual([
      ["❤️", 2],
      ["😂", 1],
    ]);
    expect(launches.due(frame(0, { "❤️": 5, "😂": 1 }), 0).size).toBe(0);
  });

  it("begins again with the next window", () => {
    const launches = new Launches();
    launches.due(frame(0, { "❤️": 3 }), 0);
    expect([...launches.due(frame(2000, { "❤️": 1 }), 0)]).toEqual([["❤️", 1]]);
  });

  it("leaves out a tap of one's own, once, and not for long", () => {
    const launches = new Launches();
    launches.tapped("❤️", 0);
    expect([...launches.due(frame(0, { "❤️": 1, "😂": 1 }), 500)]).toEqual([["😂", 1]]);
    expect([...launches.due(frame(2000, { "❤️": 1 }), 900)]).toEqual([["❤️", 1]]);
    launches.tapped("❤️", 1000);
    expect([...launches.due(frame(4000, { "❤️": 1 }), 60_000)]).toEqual([["❤️", 1]]);
  });

  it("leaves out each of several taps of one's own as the frames bring them", () => {
    const launches = new Launches();
    launches.tapped("❤️", 0);
    launches.tapped("❤️", 10);
    expect(launches.due(frame(0, { "❤️": 1 }), 500).size).toBe(0);
    expect(launches.due(frame(0, { "❤️": 2 }), 900).size).toBe(0);
    expect(launches.due(frame(0, { "❤️": 3 }), 900).size).toBe(1);
  });

  it("leaves out a name that is too long to be an emoji", () => {
    expect(new Launches().due(frame(0, { ["x".repeat(17)]: 9 }), 0).size).toBe(0);
  });
});

describe("where more is due than may fly", () => {
  it("is cut in proportion, and rare kinds stay", () => {
    const kept = cut(
      new Map([
        ["❤️", 900],
        ["😂", 90],
        ["👏", 1],
      ]),
      100,
    );
    expect(kept.get("❤️")).toBe(90);
    expect(kept.get("👏")).toBe(1);
    expect(sum(kept)).toBeLessThanOrEqual(100);
  });

  it("is never more than there are places, however many kinds", () => {
    const kinds = new Map(
      Array.from({ length: 32 }, (_, i) => [String(i), 40] as const),
    );
    expect(sum(cut(kinds, 20))).toBe(20);
    expect(sum(cut(kinds, 0))).toBe(0);
  });
});

describe("the starts of a window", () => {
  it("lie all over it, one in each equal part", () => {
    const starts = spread(new Map([["❤️", 4]]), 2000, () => 0.5).map(
      (launch) => launch.inMs,
    );
    expect(starts).toEqual([250, 750, 1250, 1750]);
  });
});

describe("the pace", () => {
  it("lets a storm fill the air evenly instead of at once", () => {
    const pace = new Pace();
    const first = pace.slots(300, 0);
    pace.took(first);
    expect(first).toBeLessThan(150);
    expect(pace.slots(300, 0)).toBe(0);
    expect(pace.slots(300, 2000)).toBe(110);
    expect(pace.slots(7, 4000)).toBe(7);
  });
});
