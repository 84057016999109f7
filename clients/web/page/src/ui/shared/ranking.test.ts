import { describe, expect, it } from "vitest";

import { counted, percent, short, whole } from "./numbers";
import { ranked } from "./ranking";

const FRAME = {
  share: { "😂": 0.75, "❤️": 0.25 },
  totals: { "❤️": 900, "😂": 30, "👏": 30 },
};

describe("the ranked list", () => {
  it("has the largest total first and keeps the order of equals", () => {
    expect(ranked(FRAME, true, 5).map((row) => row.emoji)).toEqual(["❤️", "😂", "👏"]);
  });

  it("shows the share of now, and none where nobody reacts", () => {
    expect(ranked(FRAME, true, 5).map((row) => row.share)).toEqual([0.25, 0.75, 0]);
    expect(ranked(FRAME, false, 5).map((row) => row.share)).toEqual([0, 0, 0]);
  });

  it("is cut, and empty before the first frame", () => {
    expect(ranked(FRAME, true, 1)).toHaveLength(1);
    expect(ranked(null, true, 5)).toEqual([]);
  });
});

describe("numbers", () => {
  it("are grouped, and short where it is narrow", () => {
    expect([whole(1234567), short(9_999_999), short(12_345_678)]).toEqual([
      "1,234,567",
      "9,999,999",
      "12.3M",
    ]);
  });

  it("say little as little and nothing as nothing", () => {
    expect([percent(0.342), percent(0.001), percent(0)]).toEqual(["34 %", "<1 %", ""]);
  });

  it("agree with their noun", () => {
    expect([counted(1, "tap", "wait"), counted(12, "tap", "wait")]).toEqual([
      "1 tap waits",
      "12 taps wait",
    ]);
  });
});
