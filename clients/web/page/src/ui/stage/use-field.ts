/** The field alone in a component, in the middle of its canvas. */

import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";

import type { Moment } from "../../room/engine";
import { currentTheme, onTheme } from "../shared/theme";
import { Activity } from "./activity";
import { Field } from "./field";
import { isStill } from "./stage";

export function useField(
  canvas: RefObject<HTMLCanvasElement | null>,
  moment: Moment,
): void {
  const field = useRef<Field | null>(null);
  const activity = useRef(new Activity());
  const latest = useRef(moment);
  latest.current = moment;
  const aim = (): void => {
    const { frame, phase, state } = latest.current;
    const strength = frame ? activity.current.of(frame) : 0;
    const isLively = phase === "live" && state.open;
    field.current?.aim(
      {
        mood: frame?.mood ?? {},
        strength: isLively ? strength : 0,
        isStill: isStill(),
      },
      currentTheme(),
    );
  };
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const made = new Field(element, currentTheme());
    field.current = made;
    const observer = new ResizeObserver(() =>
      made.fit(0.5, 0.5, Math.min(element.clientWidth, element.clientHeight) * 0.45),
    );
    observer.observe(element);
    const stopTheme = onTheme(aim);
    return () => {
      observer.disconnect();
      stopTheme();
      made.stop();
    };
  }, [canvas]);
  useEffect(aim, [moment]);
}
