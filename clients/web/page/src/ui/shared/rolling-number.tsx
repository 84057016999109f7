/** A number that counts up to its new value instead of jumping there. */

import { useEffect, useRef } from "preact/hooks";

import { isStill } from "../stage/stage";
import { whole } from "./numbers";

const ROLL_MS = 900;
/** Twenty digits a second are seen as rolling; more would only cost. */
const WRITE_EVERY_MS = 50;

export function RollingNumber({ value }: { value: number }) {
  const element = useRef<HTMLSpanElement>(null);
  const shown = useRef(value);
  useEffect(() => {
    const write = (number: number): void => {
      shown.current = number;
      if (element.current) element.current.textContent = whole(number);
    };
    if (isStill() || value <= shown.current) {
      write(value);
      return;
    }
    return roll(shown.current, value, write);
  }, [value]);
  // Its text is written by the effect alone: a drawing in between would set it back.
  return <span ref={element} class="rolling" />;
}

/** Write numbers from `from` to `to`, fast first; returns how to stop. */
function roll(from: number, to: number, write: (number: number) => void): () => void {
  const beganMs = performance.now();
  let writtenMs = 0;
  let request = requestAnimationFrame(function step(nowMs) {
    const done = Math.min(1, (nowMs - beganMs) / ROLL_MS);
    if (done === 1 || nowMs - writtenMs >= WRITE_EVERY_MS) {
      writtenMs = nowMs;
      write(from + (to - from) * (1 - (1 - done) ** 3));
    }
    if (done < 1) request = requestAnimationFrame(step);
  });
  return () => cancelAnimationFrame(request);
}
