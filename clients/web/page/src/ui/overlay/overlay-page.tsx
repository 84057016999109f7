/**
 * The overlay: nothing but what flies, and the counts if they are asked for. Whatever goes
 * wrong is not the audience's business: then it shows nothing.
 */

import { useEffect, useRef } from "preact/hooks";

import type { Engine } from "../../room/engine";
import { ranked } from "../shared/ranking";
import { CountTable } from "../shared/count-table";
import { whole } from "../shared/numbers";
import { useMoment } from "../shared/use-moment";
import { Stage } from "../stage/stage";
import type { Look } from "./query";

const ROWS_MAX = 3;

export function OverlayPage({ engine, look }: { engine: Engine; look: Look }) {
  const moment = useMoment(engine);
  const { frame, phase, state } = moment;
  const isShown =
    look.isCounting &&
    frame !== null &&
    state.open &&
    (phase === "live" || phase === "quiet");
  const canvas = useRef<HTMLCanvasElement>(null);
  const figures = useRef<HTMLDivElement>(null);
  const stage = useRef<Stage | null>(null);
  useEffect(() => {
    if (!canvas.current) return;
    const air = {
      left: 0.08,
      right: 0.92,
      floor: 1,
      rise: 1,
      size: look.size,
      words: [],
    };
    const made = new Stage(canvas.current, air);
    stage.current = made;
    const observer = new ResizeObserver(() => made.fit(wordsIn(figures.current)));
    observer.observe(canvas.current);
    return () => {
      observer.disconnect();
      made.stop();
    };
  }, [look]);
  useEffect(() => stage.current?.fit(wordsIn(figures.current)), [isShown]);
  useEffect(() => stage.current?.show(moment), [moment]);

  return (
    <main class="overlay" data-position={look.position} style={{ "--size": look.size }}>
      <canvas ref={canvas} aria-hidden="true" />
      {isShown && (
        <div ref={figures} class="figures">
          <p>{whole(frame.total)}</p>
          <CountTable rows={ranked(frame, phase === "live", ROWS_MAX)} />
        </div>
      )}
    </main>
  );
}

function wordsIn(figures: Element | null): readonly Element[] {
  return figures ? [figures] : [];
}
