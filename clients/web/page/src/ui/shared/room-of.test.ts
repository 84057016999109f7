import { describe, expect, it } from "vitest";

import { pathOf, roomOf } from "./room-of";

describe("the room of a page", () => {
  it.each([
    ["/", "main"],
    ["/rooms/final", "final"],
    ["/host/final/", "final"],
    ["/rooms/%3Cb%3E", "<b>"],
    ["/rooms/%E0%A4%A", "%E0%A4%A"],
  ])("at %s is %s", (path, room) => {
    expect(roomOf(path)).toBe(room);
  });

  it("is at the root if it is the usual one", () => {
    expect([pathOf("main"), pathOf("final")]).toEqual(["/", "/rooms/final"]);
  });
});
