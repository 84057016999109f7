import { describe, expect, it } from "vitest";

import { changeWords, CLOSE, moved, mute, offer, unmute } from "./wish";

const STATE = { open: true, emoji: ["❤️", "😂"], muted: ["💩"] };

describe("a host's step", () => {
  it("changes nothing but what it is about", () => {
    expect(CLOSE.apply(STATE)).toEqual({ ...STATE, open: false });
    expect(offer(null).apply(STATE)).toEqual({ ...STATE, emoji: null });
  });

  it("mutes once, however often it is done", () => {
    expect(mute("😂").apply(mute("😂").apply(STATE)).muted).toEqual(["💩", "😂"]);
    expect(unmute("💩").apply(STATE).muted).toEqual([]);
  });
});

describe("moving an emoji", () => {
  it("puts it one place on, and stops at the ends", () => {
    expect(moved(["a", "b", "c"], 0, 1)).toEqual(["b", "a", "c"]);
    expect(moved(["a", "b", "c"], 2, -1)).toEqual(["a", "c", "b"]);
    expect(moved(["a", "b"], 1, 1)).toEqual(["a", "b"]);
    expect(moved(["a", "b", "c"], 0, -1)).toEqual(["a", "b", "c"]);
  });
});

describe("a change in words", () => {
  it.each([
    [{ open: false }, "closed the room"],
    [{ emoji: ["❤️", "😂", "🎉"] }, "added 🎉"],
    [{ emoji: ["❤️"] }, "removed 😂"],
    [{ emoji: ["😂", "❤️"] }, "changed the order"],
    [{ emoji: null }, "allowed any emoji"],
    [{ muted: ["😂"] }, "muted 😂 and unmuted 💩"],
    [{ open: false, emoji: ["❤️", "🎉"] }, "closed the room, added 🎉 and removed 😂"],
    [{}, "changed nothing"],
  ])("says %j as %s", (change, words) => {
    expect(changeWords(STATE, { ...STATE, ...change })).toBe(words);
  });

  it("names what is offered where anything was taken before", () => {
    expect(changeWords({ ...STATE, emoji: null }, STATE)).toBe("offered ❤️ 😂");
  });
});
