/** The one thing on the page that a screen reader is told of by itself. */

import { useEffect, useState } from "preact/hooks";

import type { Engine } from "../../room/engine";
import { Speaker } from "./summary";

const LOOKS_EVERY_MS = 1000;

export function Announcer({ engine }: { engine: Engine }) {
  const [words, setWords] = useState("");
  useEffect(() => {
    const speaker = new Speaker();
    const look = (): void => {
      const said = speaker.say(engine.moment, performance.now());
      if (said !== null) setWords(said);
    };
    const timer = setInterval(look, LOOKS_EVERY_MS);
    return () => clearInterval(timer);
  }, [engine]);
  return (
    <p class="unseen" role="status" aria-live="polite">
      {words}
    </p>
  );
}
