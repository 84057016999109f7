import { expect, test } from "vitest";
import { Liveness } from "./liveness";

function after(...steps: [atS: number, what: "begin" | "pulse" | "frame" | "end"][]) {
  const liveness = new Liveness();
  for (const [atS, what] of steps) {
    liveness.tick(atS);
    liveness[what]();
  }
  return liveness;
}

test("before there is a connection it is connecting, and after it is lost", () => {
  expect(new Liveness().trust).toBe("connecting");
  expect(after([1, "begin"], [2, "pulse"], [3, "end"]).trust).toBe("connecting");
});

test("until the first pulse nothing is known", () => {
  expect(after([1, "begin"], [2, "frame"]).trust).toBe("connecting");
});

test("pulses and frames make it live, pulses alone quiet", () => {
  const liveness = after([1, "begin"], [2, "pulse"], [2, "frame"]);
  expect(liveness.trust).toBe("live");
  liveness.tick(6);
  expect(liveness.trust).toBe("live");
  liveness.tick(6.1);
  expect(liveness.trust).toBe("quiet");
});

test("six seconds without a pulse make it stale, although frames come", () => {
  const liveness = after([1, "begin"], [2, "pulse"], [8, "frame"]);
  expect(liveness.trust).toBe("live");
  liveness.tick(8.1);
  expect(liveness.trust).toBe("stale");
});

test("a connection on which no pulse ever comes is stale, too", () => {
  const liveness = after([1, "begin"]);
  liveness.tick(7.1);
  expect(liveness.trust).toBe("stale");
});
