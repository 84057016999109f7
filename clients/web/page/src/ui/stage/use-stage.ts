/** The stage in a component: it lives as long as its canvases and follows their size. */

import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";

import type { Moment } from "../../room/engine";
import { Stage } from "./stage";

const WHOLE_WIDTH = {
  left: 0.04,
  right: 0.96,
  floor: 1,
  rise: 0.92,
  size: 1,
  words: [],
};

interface OnStage {
  readonly field: RefObject<HTMLCanvasElement | null>;
  readonly flight: RefObject<HTMLCanvasElement | null>;
  readonly stage: RefObject<Stage | null>;
}

/** Put the field around `anchor`, keep clear of the words on `page`, and show each moment. */
export function useStage(
  page: RefObject<HTMLElement | null>,
  anchor: RefObject<HTMLElement | null>,
  moment: Moment,
): OnStage {
  const field = useRef<HTMLCanvasElement>(null);
  const flight = useRef<HTMLCanvasElement>(null);
  const stage = useRef<Stage | null>(null);
  useEffect(() => {
    if (!flight.current || !field.current) return;
    const made = new Stage(flight.current, WHOLE_WIDTH, field.current);
    stage.current = made;
    const fit = (): void =>
      made.fit(
        wordsIn(page.current),
        anchor.current,
        page.current?.querySelector("footer"),
      );
    const observer = new ResizeObserver(fit);
    for (const one of [flight.current, ...wordsIn(page.current)]) observer.observe(one);
    fit();
    return () => {
      observer.disconnect();
      made.stop();
    };
  }, [anchor, page]);
  useEffect(() => stage.current?.show(moment), [moment]);
  return { field, flight, stage };
}

function wordsIn(page: HTMLElement | null): Element[] {
  return [...(page?.querySelectorAll("[data-words]") ?? [])];
}
