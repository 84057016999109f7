import { describe, expect, it } from "vitest";

import { typedEmoji } from "./typed-emoji";

describe("what was typed", () => {
  it("is taken apart into emoji, with or without anything between", () => {
    expect(typedEmoji("🔥😂, 👍🏽").emoji).toEqual(["🔥", "😂", "👍🏽"]);
  });

  it("keeps joined emoji, flags and keycaps whole", () => {
    expect(typedEmoji("👩‍❤️‍👨🇨🇭🇩🇪1️⃣2️⃣").emoji).toEqual(["👩‍❤️‍👨", "🇨🇭", "🇩🇪", "1️⃣", "2️⃣"]);
  });

  it("takes shortcodes as they are", () => {
    expect(typedEmoji("🔥:heart::+1:").emoji).toEqual(["🔥", ":heart:", ":+1:"]);
  });

  it("has each once, and says what is none", () => {
    expect(typedEmoji("🔥🔥 <b>")).toEqual({ emoji: ["🔥"], others: ["<", "b", ">"] });
  });
});
