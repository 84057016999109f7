/** Who changed what, newest first. */

import type { Change } from "../../room/host";
import { logLines } from "./log-words";

const TIME = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hour12: false,
});
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

export function ChangeLog({ changes }: { changes: readonly Change[] }) {
  return (
    <section class="changes" aria-labelledby="log-title">
      <h2 id="log-title">Changes</h2>
      {changes.length === 0 && <p class="quiet">Nobody has changed this room yet.</p>}
      <ol class="log">
        {logLines(changes).map((line) => (
          <li key={line.version}>
            <time dateTime={new Date(line.changedMs).toISOString()}>
              {when(new Date(line.changedMs))}
            </time>
            <span>
              <b>{line.by}</b> {line.what}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function when(date: Date): string {
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday ? TIME.format(date) : `${DAY.format(date)}, ${TIME.format(date)}`;
}
