/** The audience's page: the room, large and calm; what it reacts with; and the buttons. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";

import type { Engine } from "../../room/engine";
import { Announcer } from "../shared/announcer";
import { CountTable } from "../shared/count-table";
import { whole } from "../shared/numbers";
import { ranked } from "../shared/ranking";
import { stateLine, tapNotes } from "../shared/state-line";
import { StateView } from "../shared/state-view";
import { Sum } from "../shared/sum";
import { ThemeSwitch } from "../shared/theme-switch";
import { useMoment } from "../shared/use-moment";
import { useStage } from "../stage/use-stage";
import type { Offered } from "./offer";
import { offered } from "./offer";
import { TapBar } from "./tap-bar";

const ROWS_MAX = 5;
const WALL_ROWS_MAX = 10;
const NOTE_FOR_MS = 4000;

interface Props {
  readonly engine: Engine;
  readonly room: string;
  /** On a wall nobody taps. */
  readonly isWall: boolean;
}

export function AudiencePage({ engine, room, isWall }: Props) {
  const moment = useMoment(engine);
  const page = useRef<HTMLDivElement>(null);
  const heart = useRef<HTMLElement>(null);
  const { field, flight, stage } = useStage(page, heart, moment);
  const [note, setNote] = useNote();
  const { frame, members, phase, state, tally } = moment;

  const tap = useCallback(
    (one: Offered, button: HTMLElement) => {
      if (one.refusal) {
        setNote(one.refusal);
        return;
      }
      if (!engine.tap(one.emoji)) {
        setNote("Too many taps wait: this one was not taken.");
        return;
      }
      const box = button.getBoundingClientRect();
      stage.current?.tapped(
        one.emoji,
        box.left + box.width / 2,
        box.top + box.height / 2,
      );
    },
    [engine, setNote, stage],
  );

  const isNow = phase === "live" && state.open;
  return (
    <div ref={page} class="room" data-wall={isWall ? "" : undefined} data-phase={phase}>
      <div class="stage" aria-hidden="true">
        <canvas ref={field} />
        <canvas ref={flight} />
      </div>
      <header>
        <h1>{room}</h1>
        <StateView line={stateLine(moment)} />
        {!isWall && <ThemeSwitch />}
      </header>
      <main>
        <section class="heart" ref={heart} aria-label="The room">
          <div data-words>
            <Sum frame={frame} phase={phase} />
            <p class="here">{members === null ? " " : `${whole(members)} here`}</p>
          </div>
        </section>
        <CountTable rows={ranked(frame, isNow, isWall ? WALL_ROWS_MAX : ROWS_MAX)} />
      </main>
      {!isWall && (
        <footer>
          <Notes words={note ? [note] : tapNotes(tally)} />
          <TapBar offer={offered(state)} onTap={tap} />
        </footer>
      )}
      <Announcer engine={engine} />
    </div>
  );
}

function Notes({ words }: { words: readonly string[] }) {
  return (
    <div class="notes" role="status">
      {words.map((one) => (
        <p key={one}>{one}</p>
      ))}
    </div>
  );
}

/** A sentence that goes away by itself. */
function useNote(): [string, (words: string) => void] {
  const [note, setNote] = useState("");
  useEffect(() => {
    if (!note) return;
    const timer = setTimeout(() => setNote(""), NOTE_FOR_MS);
    return () => clearTimeout(timer);
  }, [note]);
  return [note, setNote];
}
