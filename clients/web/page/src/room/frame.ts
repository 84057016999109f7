/** The frame: the state of one room in one window, as the stream made it. */

import { type Fields, isAmount, isCount, isEach, isText, readObject } from "./reading";

type Counts = Readonly<Record<string, number>>;

/**
 * One room in one window: absolute, replaceable, numbered.
 *
 * `counts` holds the window's largest emoji, the rest is summed in `other`; `scaled` has
 * one for every thousand, and one at least. `total` is since the room's first reaction.
 */
export interface Frame {
  readonly v: 1;
  readonly room: string;
  readonly epoch: string;
  readonly seq: number;
  readonly window_start_ms: number;
  readonly window_ms: number;
  readonly counts: Counts;
  readonly other: number;
  readonly scaled: Counts;
  readonly share: Counts;
  readonly mood: Counts;
  readonly sentiment: Counts;
  readonly total: number;
  readonly totals: Counts;
  readonly times: { readonly appended_ms: number; readonly made_ms: number };
}

/** Returns the frame, null if the bytes are none of version 1; never throws. */
export function parseFrame(raw: Uint8Array): Frame | null {
  const read = readObject(raw);
  return read && isFrame(read) ? read : null;
}

function isFrame(read: Fields): read is Fields & Frame {
  return (
    read.v === 1 &&
    isText(read.room) &&
    isText(read.epoch) &&
    ["seq", "window_start_ms", "window_ms", "other", "total"].every((name) =>
      isCount(read[name]),
    ) &&
    ["counts", "scaled", "totals"].every((name) => isEach(read[name], isCount)) &&
    ["share", "mood", "sentiment"].every((name) => isEach(read[name], isAmount)) &&
    isTimes(read.times)
  );
}

function isTimes(read: unknown): boolean {
  return (
    isEach(read, isCount) &&
    read.appended_ms !== undefined &&
    read.made_ms !== undefined
  );
}
