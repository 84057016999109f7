/** A clock that only goes forward, and does not stop while the machine sleeps. */

/** Returns seconds since some moment. */
export type Clock = () => number;

/** By so much the wall clock may run ahead before that counts as a sleep. */
const SLEPT_MIN_MS = 2000;

/**
 * Joins two clocks: many a browser's monotonic one stops in a sleep, and the wall clock
 * may be set back.
 */
export function awakeClock(
  monotonicMs: () => number = () => performance.now(),
  wallMs: () => number = () => Date.now(),
): Clock {
  let [knownMs, knownWallMs] = [monotonicMs(), wallMs()];
  let sleptMs = 0;
  return () => {
    const [nowMs, nowWallMs] = [monotonicMs(), wallMs()];
    const aheadMs = nowWallMs - knownWallMs - (nowMs - knownMs);
    if (aheadMs > SLEPT_MIN_MS) sleptMs += aheadMs;
    [knownMs, knownWallMs] = [nowMs, nowWallMs];
    return (nowMs + sleptMs) / 1000;
  };
}
