/** The room's total, and its mood in words beneath. */

import type { Moment } from "../../room/engine";
import { moodWords } from "./mood";
import { whole } from "./numbers";
import { RollingNumber } from "./rolling-number";

/** Before there is a frame only a quiet room is known to have none: else a dash. */
export function Sum({ frame, phase }: Pick<Moment, "frame" | "phase">) {
  const total = frame?.total ?? 0;
  const isKnown = frame !== null || phase === "quiet";
  return (
    <>
      <p class="sum" style={{ "--chars": whole(total).length }}>
        {isKnown ? <RollingNumber value={total} /> : <span class="rolling">–</span>}
        <span class="unit">{total === 1 ? "reaction" : "reactions"}</span>
      </p>
      <p class="mood">{isKnown ? words(frame) : "\u00a0"}</p>
    </>
  );
}

function words(frame: Moment["frame"]): string {
  return frame && frame.total > 0 ? moodWords(frame.mood) : "No reactions yet";
}
