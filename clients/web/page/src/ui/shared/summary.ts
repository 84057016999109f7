/** What a screen reader hears: a sentence now and then, never each frame. */

import type { Moment } from "../../room/engine";
import { moodWords } from "./mood";
import { plural, whole } from "./numbers";
import { stateLine } from "./state-line";

/** The least time between two summaries; a change of state is said at once. */
export const SUMMARY_EVERY_MS = 15_000;

/** Return the room in one sentence or two, without its state. */
export function summary({ frame, members }: Pick<Moment, "frame" | "members">): string {
  if (!frame) return "";
  const here = members === null ? "" : ` ${whole(members)} here.`;
  return `${plural(frame.total, "reaction")}. ${moodWords(frame.mood)}.${here}`;
}

/** Decides what is said when: the state at each change, the room at most every 15 s and only if it changed. */
export class Speaker {
  #state = "";
  #summary = "";
  #nextMs = 0;

  /** Return what is to be said now, or null. */
  say(moment: Moment, nowMs: number): string | null {
    // Taps that wait are counted up while somebody taps: only the kind of state is said anew.
    const kind = `${moment.phase} ${String(moment.state.open)}`;
    const words = summary(moment);
    if (kind !== this.#state) {
      this.#state = kind;
      return this.#said(words, nowMs, stateLine(moment).words);
    }
    if (nowMs < this.#nextMs || words === this.#summary) return null;
    return this.#said(words, nowMs, "");
  }

  #said(words: string, nowMs: number, state: string): string {
    this.#summary = words;
    this.#nextMs = nowMs + SUMMARY_EVERY_MS;
    return [state && !/[.…]$/.test(state) ? `${state}.` : state, words]
      .filter(Boolean)
      .join(" ");
  }
}
