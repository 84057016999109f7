/** What the server answers over HTTP, good or bad, and when it wants to be asked again. */

import { type Fields, isText, readObject } from "./reading";
import type { Problem } from "./steps";

/** Longer than the server's own limit for every answer, 5 s, by a slow network's part. */
const ANSWERED_WITHIN_MS = 10_000;

/** In characters: the server's longest answer has a tenth of it. */
const ANSWER_MAX = 1_000_000;

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** What it says, if that is an object in JSON; else nothing. */
  readonly fields: Fields;
  /** How long the server wants to be left alone, 0 if it does not say. */
  readonly retryAfterS: number;
}

/** Asks the server; `null` is no answer at all, from nobody. */
export type Ask = (path: string, request?: RequestInit) => Promise<Answer | null>;

/** Returns who asks the server at an origin. */
export function asking(server: string): Ask {
  return async (path, request = {}) => {
    try {
      const signal = AbortSignal.timeout(ANSWERED_WITHIN_MS);
      const url = new URL(path, server);
      const own: RequestInit = { cache: "no-store", credentials: "omit", signal };
      return await answerOf(await fetch(url, { ...own, ...request }));
    } catch {
      return null; // what fetch raises does not tell more: TypeError or the time is over
    }
  };
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  return {
    status: response.status,
    text,
    fields: readObject(text, ANSWER_MAX) ?? {},
    retryAfterS: retryAfterS(response.headers.get("Retry-After"), Date.now()),
  };
}

/** Reads a `Retry-After`: seconds, or a date; what is neither asks for nothing. */
export function retryAfterS(value: string | null, nowMs: number): number {
  const text = value?.trim() ?? "";
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const dateMs = text ? Date.parse(text) : NaN;
  return Number.isNaN(dateMs) ? 0 : Math.max(0, (dateMs - nowMs) / 1000);
}

/** Returns the server's own words for why it did not do what was asked. */
export function problemOf({ status, fields }: Answer): Problem {
  const { error, help } = fields;
  return {
    label: isText(error) && error ? error : `http_${status}`,
    help: isText(help) && help ? help : "This is no answer of EmoStream.",
  };
}

/** Tells whether EmoStream refused, not something on the way. */
export function isOurs({ fields }: Answer): boolean {
  return isText(fields.error) && fields.error !== "";
}
