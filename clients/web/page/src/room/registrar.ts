/** Asks the server for a place: one POST, and what its answer means. */

import { type Answer, type Ask, isOurs, problemOf } from "./answer";
import { PROFILE } from "./attendance";
import { parsePlace } from "./place";
import type { Placed, PutOff, TurnedAway } from "./steps";

export type Register = () => Promise<Placed | PutOff | TurnedAway>;

/** Returns who registers a client in a room, as often as it needs a new place. */
export function registering(ask: Ask, room: string): Register {
  const request = {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ room, profile: PROFILE }),
  };
  return async () => {
    const answer = await ask("/v1/clients", request);
    return answer ? meaning(answer) : { kind: "put off", label: "", afterS: 0 };
  };
}

function meaning(answer: Answer): Placed | PutOff | TurnedAway {
  const place = answer.status === 201 ? parsePlace(answer.text) : null;
  if (place) return { kind: "placed", place };
  const isFinal =
    isOurs(answer) &&
    answer.status >= 400 &&
    answer.status < 500 &&
    ![408, 429].includes(answer.status);
  const problem = problemOf(answer);
  if (isFinal) return { kind: "turned away", problem };
  return { kind: "put off", label: problem.label, afterS: answer.retryAfterS };
}
