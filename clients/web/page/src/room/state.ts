/** The state of a room that its host sets: open or not, and which emoji are taken. */

import { isCount, isTexts, readObject } from "./reading";

const EMOJI_MAX = 24;

export interface RoomState {
  readonly v: 1;
  readonly room: string;
  /** Rises with every change; 0 where nobody ever set a state. */
  readonly version: number;
  readonly open: boolean;
  /** What the host offers, in this order; null: any emoji is taken. */
  readonly emoji: readonly string[] | null;
  /** Not taken for now. */
  readonly muted: readonly string[];
  readonly changed_ms: number;
}

/** Returns the state of a room that nobody ever set. */
export function untouched(room: string): RoomState {
  return { v: 1, room, version: 0, open: true, emoji: null, muted: [], changed_ms: 0 };
}

/** Returns the room's state, null if this says none of version 1; never throws. */
export function parseState(raw: Uint8Array | string, room: string): RoomState | null {
  const read = readObject(raw);
  if (read?.v !== 1 || read.room !== room) return null;
  const { version, open, emoji, muted, changed_ms } = read;
  if (!isCount(version) || !isCount(changed_ms) || typeof open !== "boolean")
    return null;
  if (!isTexts(muted, EMOJI_MAX)) return null;
  if (emoji !== null && !(isTexts(emoji, EMOJI_MAX) && emoji.length > 0)) return null;
  return { v: 1, room, version, open, emoji, muted, changed_ms };
}

/** Returns which of two states counts: an equal version replaces, too. */
export function later(known: RoomState, heard: RoomState): RoomState {
  return heard.version >= known.version ? heard : known;
}
