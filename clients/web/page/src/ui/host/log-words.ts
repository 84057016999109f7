/** The log of who changed what, as sentences. */

import type { Change, Wish } from "../../room/host";
import { changeWords } from "./wish";

export interface LogLine {
  readonly version: number;
  readonly changedMs: number;
  readonly by: string;
  /** "closed the room" */
  readonly what: string;
}

/** What a room is before anybody has set anything. */
const UNTOUCHED: Wish = { open: true, emoji: null, muted: [] };

/** Return a line for each change, newest first as they come. */
export function logLines(changes: readonly Change[]): readonly LogLine[] {
  return changes.map((change, place) => {
    const before = changes[place + 1] ?? (change.version === 1 ? UNTOUCHED : null);
    // The one before the oldest is not told: only what the room was then can be said.
    const what = before
      ? changeWords(before, change)
      : `left the room ${change.open ? "open" : "closed"}`;
    return {
      version: change.version,
      changedMs: change.changed_ms,
      by: change.by,
      what,
    };
  });
}

/** Return what others did since `version`, oldest first, as sentences. */
export function meanwhile(
  changes: readonly Change[],
  version: number,
): readonly string[] {
  return logLines(changes)
    .filter((line) => line.version > version)
    .map((line) => `${line.by} ${line.what}.`)
    .reverse();
}
