import { describe, expect, it } from "vitest";

import { columns, offered } from "./offer";

const OPEN = { open: true, emoji: ["🔥", "😂"], muted: ["😂", "💩"] };

describe("what may be tapped", () => {
  it("is what the host offers, in the host's order; a muted one keeps its place and says why", () => {
    expect(offered(OPEN)).toEqual([
      { emoji: "🔥", refusal: null },
      { emoji: "😂", refusal: "The host has muted 😂 for now." },
    ]);
  });

  it("is the usual eight where any emoji is taken", () => {
    expect(offered({ open: true, emoji: null, muted: [] })).toHaveLength(8);
  });

  it("is nothing in a closed room", () => {
    expect(
      offered({ ...OPEN, open: false }).every(
        (one) => one.refusal === "The room is closed.",
      ),
    ).toBe(true);
  });

  it("stands in rows that are full", () => {
    expect([1, 5, 8, 10, 12, 24].map(columns)).toEqual([1, 5, 4, 5, 6, 6]);
  });
});
