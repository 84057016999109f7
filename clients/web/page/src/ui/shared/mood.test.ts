import { describe, expect, it } from "vitest";

import { felt, moodWords, tints } from "./mood";

describe("the mood in words", () => {
  it.each([
    [{ love: 0.9, joy: 0.1 }, "Almost all love"],
    [{ love: 0.6, joy: 0.3 }, "Mostly love, some joy"],
    [{ love: 0.6, joy: 0.05 }, "Mostly love"],
    [{ joy: 0.45, sadness: 0.4 }, "Joy and sadness"],
    [{ joy: 0.45, sadness: 0.2 }, "Much joy, some sadness"],
    [{ joy: 0.25, love: 0.25, anger: 0.25, sadness: 0.25 }, "A bit of everything"],
    [{ other: 1 }, "No mood to speak of"],
    [{}, "No mood to speak of"],
  ])("says %j as %s", (shares, words) => {
    expect(moodWords(shares)).toBe(words);
  });

  it("leaves out what is no mood, and a name that a stranger made up", () => {
    expect(felt({ other: 0.9, "<b>": 0.05, anger: 0.05 })).toEqual([["anger", 0.05]]);
  });
});

describe("the mood as a colour", () => {
  it("is of the strongest in the middle and of the second at the rim", () => {
    const [middle, rim] = tints({ love: 0.7, sadness: 0.3 }, "light");
    expect([middle.h, rim.h]).toEqual([6, 245]);
  });

  it("has nearly no colour where nothing is felt", () => {
    expect(tints({ other: 1 }, "dark")[0].c).toBeLessThan(0.02);
  });

  it("is darker on a dark page", () => {
    expect(tints({ joy: 1 }, "dark")[0].l).toBeLessThan(
      tints({ joy: 1 }, "light")[0].l,
    );
  });
});
