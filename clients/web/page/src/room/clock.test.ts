import { expect, test } from "vitest";
import { awakeClock } from "./clock";

/** A clock over two that are set by hand, in milliseconds. */
function clock() {
  const at = { monotonicMs: 0, wallMs: 1_000_000 };
  const nowS = awakeClock(
    () => at.monotonicMs,
    () => at.wallMs,
  );
  return (monotonicMs: number, wallMs: number): number => {
    at.monotonicMs += monotonicMs;
    at.wallMs += wallMs;
    return nowS();
  };
}

test("it runs as both clocks do", () => {
  const after = clock();
  expect(after(250, 250)).toBe(0.25);
});

test("it does not stop while the machine sleeps", () => {
  const after = clock();
  expect(after(10, 60_010)).toBe(60.01);
  expect(after(1000, 1000)).toBe(61.01);
});

test("it does not go back when the wall clock is set back", () => {
  const after = clock();
  expect(after(1000, -3_600_000)).toBe(1);
  expect(after(1000, 1000)).toBe(2);
});

test("small corrections of the wall clock are passed over", () => {
  const after = clock();
  expect(after(1000, 1900)).toBe(1);
});
