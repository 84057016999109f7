/** Which of the frames that come is news: the others are old, or repeated. */

import { type Frame, parseFrame } from "./frame";

/** `(epoch, seq, window_start_ms)`: of two frames of a room the higher is newer. */
export type Position = readonly [epoch: string, seq: number, windowStartMs: number];

export function positionOf(frame: Frame): Position {
  return [frame.epoch, frame.seq, frame.window_start_ms];
}

/** Tells whether `one` stands before `other`. */
export function isBefore(one: Position, other: Position): boolean {
  if (one[0] !== other[0]) return one[0] < other[0];
  return one[1] !== other[1] ? one[1] < other[1] : one[2] < other[2];
}

export function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/** Keeps the newest frame of a room, from one connection to the next. */
export class Newest {
  #frame: Frame | null = null;
  #payload: Uint8Array = new Uint8Array();
  readonly #room: string;

  constructor(room: string) {
    this.#room = room;
  }

  get frame(): Frame | null {
    return this.#frame;
  }

  /**
   * Returns the frame if it is newer, or says something else at its position.
   *
   * The latter, because a stream that repeats a trigger may write it anew.
   */
  take(payload: Uint8Array): Frame | null {
    const frame = parseFrame(payload);
    if (frame?.room !== this.#room) return null;
    const known = this.#frame;
    if (known && isBefore(positionOf(frame), positionOf(known))) return null;
    if (known && isSame(payload, this.#payload)) return null;
    this.#frame = frame;
    this.#payload = payload;
    return frame;
  }
}
