import { describe, expect, it } from "vitest";

import { logLines, meanwhile } from "./log-words";

const change = (version: number, by: string, open: boolean) => ({
  version,
  changed_ms: version,
  by,
  open,
  emoji: null,
  muted: [],
});

describe("the log", () => {
  it("says what each did to what was there before", () => {
    const lines = logLines([change(2, "Ben", true), change(1, "Anna", false)]);
    expect(lines.map((line) => `${line.by} ${line.what}`)).toEqual([
      "Ben opened the room",
      "Anna closed the room",
    ]);
  });

  it("says no more than it knows of the oldest one kept", () => {
    expect(logLines([change(80, "Anna", false)])[0]?.what).toBe("left the room closed");
  });

  it("tells what others did meanwhile in the order in which they did it", () => {
    const changes = [
      change(3, "Ben", true),
      change(2, "Cleo", false),
      change(1, "Anna", true),
    ];
    expect(meanwhile(changes, 1)).toEqual([
      "Cleo closed the room.",
      "Ben opened the room.",
    ]);
  });
});
