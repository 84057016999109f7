import { describe, expect, it } from "vitest";

import { readLook } from "./query";

describe("an overlay's look", () => {
  it("is what the address asks for", () => {
    expect(readLook("?size=1.5&position=top-left&counts=1&theme=light")).toEqual({
      look: { size: 1.5, position: "top-left", isCounting: true, theme: "light" },
      complaints: [],
    });
  });

  it("is the usual one where nothing is asked for", () => {
    expect(readLook("")).toEqual({
      look: { size: 1, position: "full", isCounting: false, theme: "dark" },
      complaints: [],
    });
  });

  it.each([
    "?size=9",
    "?size=",
    "?size=1e1",
    "?size=-1",
    "?position=middle",
    "?counts=yes",
    "?theme=<b>",
  ])("falls back and says so for %s", (search) => {
    const { look, complaints } = readLook(search);
    expect(look).toEqual(readLook("").look);
    expect(complaints).toHaveLength(1);
  });
});
