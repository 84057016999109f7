/** What the page says about itself: one short sentence, with a shape, for each state. */

import type { Moment } from "../../room/engine";
import { counted, plural } from "./numbers";

/** Drawn beside the words, so that a state is never told by colour alone. */
export type Shape = "full" | "ring" | "turning" | "triangle" | "cross" | "square";

export interface StateLine {
  readonly shape: Shape;
  readonly words: string;
}

type Told = Pick<Moment, "phase" | "state" | "tally" | "problem">;

/** Return the line for a moment. A closed room is said first: nothing else matters as much then. */
export function stateLine(moment: Told): StateLine {
  const { phase, problem, tally } = moment;
  if (phase === "ended")
    return {
      shape: "square",
      words: problem?.help ?? "This page has ended. Load it again.",
    };
  if (phase === "offline")
    return { shape: "cross", words: waiting("Offline.", tally.waiting) };
  if (!moment.state.open) return { shape: "square", words: "The room is closed." };
  switch (phase) {
    case "connecting":
      return { shape: "turning", words: waiting("Connecting…", tally.waiting) };
    case "moving":
      return {
        shape: "turning",
        words: waiting("Moving to another place…", tally.waiting),
      };
    case "stale":
      return { shape: "triangle", words: "Old picture: the server is silent." };
    case "quiet":
      return { shape: "ring", words: "It is quiet. Be the first." };
    case "live":
      return { shape: "full", words: "Live" };
  }
}

/** Return what became of taps that were not counted, most important first; nothing if all went well. */
export function tapNotes(tally: Moment["tally"]): readonly string[] {
  const notes: string[] = [];
  if (tally.lastRefusal) notes.push(tally.lastRefusal.help);
  if (tally.unknown > 0)
    notes.push(`${plural(tally.unknown, "tap")} may not have been counted.`);
  if (!tally.isKept)
    notes.push("This browser keeps nothing: taps that wait are lost with this page.");
  return notes;
}

function waiting(words: string, taps: number): string {
  return taps > 0 ? `${words} ${counted(taps, "tap", "wait")}.` : words;
}
