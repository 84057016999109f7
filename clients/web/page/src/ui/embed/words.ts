/** What the bar says beneath its buttons: nothing while all goes well. */

import type { TapMoment } from "../../room/embed";
import { counted, plural } from "../shared/numbers";

/** Return one sentence, or "". */
export function barWords({ state, tally, isReached }: TapMoment): string {
  if (!state.open) return "The room is closed.";
  if (!isReached && tally.waiting > 0)
    return `Offline. ${counted(tally.waiting, "tap", "wait")}.`;
  if (tally.lastRefusal) return tally.lastRefusal.help;
  return tally.unknown > 0
    ? `${plural(tally.unknown, "tap")} may not have been counted.`
    : "";
}
