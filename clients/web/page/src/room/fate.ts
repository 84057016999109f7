/** What an answer says of a batch: the rules of exactness, in one place. */

import { type Answer, isOurs, problemOf } from "./answer";
import { isCount, isObject, isText } from "./reading";
import type { Problem } from "./steps";

/** Kafka has these; the others were rejected, by reason. */
export interface Accepted {
  readonly kind: "accepted";
  readonly count: number;
  readonly rejected: ReadonlyMap<string, number>;
}

/** Nothing of the batch is stored, and will not be: the server's own words. */
export interface Refused {
  readonly kind: "refused";
  readonly problem: Problem;
}

/** The same batch may fare better later. */
export interface Again {
  readonly kind: "again";
  readonly afterS: number;
  /** Whether it may be stored already: then it must be repeated soon, or never. */
  readonly isMaybeStored: boolean;
  /** Whether EmoStream answered, not somebody on the way, or nobody. */
  readonly isReached: boolean;
}

export type Fate = Accepted | Refused | Again;

const [ACCEPTED, REQUEST_TIMEOUT, TOO_MANY_REQUESTS] = [202, 408, 429];

/** Returns what became of a batch, null: nobody answered. */
export function fateOf(answer: Answer | null): Fate {
  if (!answer) return again(0, true, false);
  const { status, fields, retryAfterS } = answer;
  const { accepted, rejected } = fields;
  if (status === ACCEPTED && isCount(accepted))
    return { kind: "accepted", count: accepted, rejected: byReason(rejected) };
  if (status === REQUEST_TIMEOUT || status === TOO_MANY_REQUESTS)
    return again(retryAfterS, false, true);
  // Another server's page, or a sign-in in between, says nothing of the batch.
  if (status < 400) return again(retryAfterS, true, false);
  if (status < 500) return { kind: "refused", problem: refusalOf(answer) };
  const isStored = !(isOurs(answer) && fields.error === "not_stored");
  return again(retryAfterS, isStored, isOurs(answer));
}

/** Returns the reason that most of a batch was refused for. */
function refusalOf(answer: Answer): Problem {
  const reasons = [...byReason(answer.fields.rejected)].sort(
    (one, other) => other[1] - one[1],
  );
  const reason = reasons[0]?.[0];
  return reason ? { label: reason, help: helpFor(reason) } : problemOf(answer);
}

/** Says why a reaction was left out. */
export function helpFor(reason: string): string {
  return HELP.get(reason) ?? `The server did not take it: ${reason}.`;
}

const HELP: ReadonlyMap<string, string> = new Map([
  ["emoji_not_offered", "The host does not take this emoji now."],
  ["bad_emoji", "The server does not know this emoji."],
]);

function again(afterS: number, isMaybeStored: boolean, isReached: boolean): Again {
  return { kind: "again", afterS, isMaybeStored, isReached };
}

function byReason(rejected: unknown): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  if (!Array.isArray(rejected)) return counts;
  for (const one of rejected) {
    const reason = isObject(one) && isText(one.reason) ? one.reason : "unnamed";
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return counts;
}
