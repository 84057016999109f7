import { describe, expect, it } from "vitest";

import { Activity } from "./activity";

const frame = (window_start_ms: number, hearts: number) => ({
  epoch: "e",
  window_start_ms,
  counts: { "❤️": hearts },
  other: 0,
});

describe("how lively a room is", () => {
  it("is measured by the room itself", () => {
    const hall = new Activity();
    const stadium = new Activity();
    expect(hall.of(frame(0, 20))).toBe(1);
    stadium.of(frame(0, 200_000));
    expect(stadium.of(frame(60_000, 200_000))).toBe(1);
    expect(new Activity().of(frame(0, 1))).toBeLessThan(0.5);
  });

  it("does not fall to nothing when the next window begins", () => {
    const activity = new Activity();
    const before = activity.of(frame(0, 1000));
    expect(activity.of(frame(2000, 10))).toBeGreaterThan(before * 0.8);
  });

  it("sinks when less is going on", () => {
    const activity = new Activity();
    const loud = activity.of(frame(0, 1000));
    const later = Array.from({ length: 10 }, (_, i) =>
      activity.of(frame(2000 * (i + 1), 5)),
    );
    expect(later.at(-1)).toBeLessThan(loud / 2);
  });
});
