/**
 * Sends an outbox's batches, one after the other, until the fate of each is certain.
 *
 * A batch that may be stored is repeated, the same bytes under the same key, for 40 s
 * after its first try: the server knows it for a minute. While nobody is reached nothing
 * new is tried, so that only what was on its way at the cut is ever uncertain.
 */

import { Backoff } from "./backoff";
import type { Again, Fate } from "./fate";
import type { Batch, Outbox } from "./outbox";
import type { Counting } from "./tally";

const REPEAT_FOR_MS = 40_000;
const FIRST_JITTER_MS = 250;
const JITTER_MAX_MS = 8000;
const PROBE_JITTER_MS = 5000;
const IDLE_MS = 5000;

const TOO_OLD = {
  label: "too_old",
  help: "It waited for a day, and nobody was reached.",
};

export interface SendingParts {
  readonly outbox: Outbox;
  readonly counting: Counting;
  /** Posts a batch once. */
  readonly post: (batch: Batch) => Promise<Fate>;
  /** Tells whether EmoStream answers. */
  readonly probe: () => Promise<boolean>;
  /** Resolves after so long, or once it is to hurry. */
  readonly wait: (ms: number) => Promise<void>;
  readonly nowMs: () => number;
  /** Returns a random number between 0 and 1. */
  readonly draw: () => number;
  /** Called when the outbox, what is counted or `isReached` has changed. */
  readonly changed: () => void;
}

/** Works while `run` does. */
export class Sending {
  readonly #parts: SendingParts;
  readonly #backoff: Backoff;
  #isReached = true;
  /** Whether that is to be asked before anything new is tried. */
  #isDoubted = false;
  /** Until when the server wants to be left alone. */
  #notBeforeMs = 0;
  #probeMs = 0;

  constructor(parts: SendingParts) {
    this.#parts = parts;
    this.#backoff = new Backoff(FIRST_JITTER_MS, JITTER_MAX_MS, parts.draw);
  }

  /** Whether the server was there when it was last needed. */
  get isReached(): boolean {
    return this.#isReached;
  }

  /** Send what there is and what comes, until `ending` is aborted and no longer waits. */
  async run(ending: AbortSignal): Promise<void> {
    while (!ending.aborted) await this.#turn();
  }

  /** The browser's network has changed: ask who is there first, and now. */
  doubt(): void {
    this.#isDoubted = true;
    this.#probeMs = 0;
  }

  async #turn(): Promise<void> {
    const { outbox, wait, nowMs } = this.#parts;
    this.#expire(nowMs());
    const batch = outbox.next();
    const isUnsure = this.#isDoubted || !this.#isReached;
    const pauseMs = (isUnsure ? this.#probeMs : this.#notBeforeMs) - nowMs();
    if (!isUnsure && !batch) await wait(IDLE_MS);
    else if (pauseMs > 0) await wait(this.#atMost(pauseMs, batch));
    else if (isUnsure) await this.#probe();
    else if (batch) await this.#send(batch);
  }

  /** Not longer than until this batch's fate is told. */
  #atMost(ms: number, batch: Batch | null): number {
    if (batch?.triedMs == null) return ms;
    return Math.min(ms, batch.triedMs + REPEAT_FOR_MS - this.#parts.nowMs() + 1);
  }

  async #probe(): Promise<void> {
    const { probe, nowMs, draw, changed } = this.#parts;
    this.#isDoubted = false;
    this.#isReached = await probe();
    this.#probeMs = nowMs() + PROBE_JITTER_MS * draw();
    changed();
  }

  async #send(batch: Batch): Promise<void> {
    const { outbox, post, nowMs, changed } = this.#parts;
    const isFirst = batch.triedMs === null;
    if (isFirst) outbox.tried(batch, nowMs());
    const fate = await post(batch);
    if (fate.kind === "again") this.#repeat(batch, fate, isFirst);
    else this.#settle(batch, fate, isFirst);
    changed();
  }

  #settle(batch: Batch, fate: Exclude<Fate, Again>, isFirst: boolean): void {
    const { outbox, counting } = this.#parts;
    outbox.settle(batch);
    this.#backoff.reset();
    this.#isReached = true;
    if (fate.kind === "accepted") counting.accept(fate);
    else if (isFirst) counting.refuse(batch.size, fate.problem);
    else counting.unknown += batch.size; // an earlier try may have been stored
  }

  #repeat(batch: Batch, fate: Again, isFirst: boolean): void {
    const { outbox, nowMs } = this.#parts;
    if (isFirst && !fate.isMaybeStored) outbox.tried(batch, null);
    this.#isReached = fate.isReached;
    this.#notBeforeMs = nowMs() + fate.afterS * 1000 + this.#backoff.next();
  }

  /** Tell what waited too long: tried and unanswered, or never tried for a day. */
  #expire(nowMs: number): void {
    const { outbox, counting, changed } = this.#parts;
    const lost = outbox.expire(nowMs);
    if (lost > 0) counting.refuse(lost, TOO_OLD);
    const uncertain = outbox.settleTriedBefore(nowMs - REPEAT_FOR_MS, nowMs);
    counting.unknown += uncertain;
    if (lost + uncertain > 0) changed();
  }
}
