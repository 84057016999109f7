/**
 * Taps that are not answered for yet, in batches that are kept before their first try.
 *
 * What a batch says is fixed once it is tried, so that a reload repeats the same bytes
 * under the same key. One that was never tried may still grow.
 */

import { isCount, isText, readObject } from "./reading";
import type { Shelf } from "./shelf";
import type { Tabs } from "./tabs";

const WAITING_MAX = 2000;
const BATCH_MAX = 500;

/** A browser lets go on with so much when the page goes; the server takes twice that. */
const BODY_MAX_BYTES = 60_000;

/** Of a batch on the shelf, in characters: quotes are escaped there. */
const KEPT_MAX = 4 * BODY_MAX_BYTES;

/** By so much a wall clock is set right without harm. */
const CLOCK_STEP_MAX_MS = 5000;

const EMOJI_MAX_BYTES = 256;
const UNTRIED_MAX_AGE_MS = 24 * 3600 * 1000;

export interface Batch {
  /** Its name on the shelf. */
  readonly name: string;
  /** Under which it counts once, however often it arrives. */
  readonly key: string;
  readonly body: string;
  /** How many taps it holds. */
  readonly size: number;
  readonly madeMs: number;
  /** When it was first tried, null if nothing of it can be stored. */
  readonly triedMs: number | null;
}

const encoder = new TextEncoder();

/** Keeps one tab's batches of one room, oldest first. */
export class Outbox {
  readonly #prefix: string;
  readonly #shelf: Shelf;
  readonly #tabs: Tabs;
  readonly #userId: string;
  readonly #newKey: () => string;
  readonly #batches: Batch[] = [];
  #fresh: string[] = [];
  #made = 0;

  constructor(
    room: string,
    userId: string,
    shelf: Shelf,
    tabs: Tabs,
    newKey: () => string,
  ) {
    this.#prefix = `emostream/outbox/${room}/`;
    this.#userId = userId;
    this.#shelf = shelf;
    this.#tabs = tabs;
    this.#newKey = newKey;
  }

  /** How many taps wait. */
  get waiting(): number {
    return this.#batches.reduce((sum, { size }) => sum + size, this.#fresh.length);
  }

  /** Takes a tap; returns whether there was room for it. */
  add(emoji: string, nowMs: number): boolean {
    const isTooLong = encoder.encode(emoji).length > EMOJI_MAX_BYTES;
    if (this.waiting >= WAITING_MAX || isTooLong || emoji === "") return false;
    const reaction = { user_id: this.#userId, emoji_type: emoji, timestamp: nowMs };
    this.#fresh.push(JSON.stringify(reaction));
    return true;
  }

  /** Puts what was gathered into batches, and those on the shelf. */
  gather(nowMs: number): void {
    this.#dropTakenOver();
    const [fresh, changed] = [this.#fresh, new Set<number>()];
    this.#fresh = [];
    for (const reaction of fresh) changed.add(this.#append(reaction, nowMs));
    for (const at of changed) this.#keep(this.#batches[at]);
  }

  /** Returns what is to be sent next: what was tried is repeated first. */
  next(): Batch | null {
    this.#dropTakenOver();
    return (
      this.#batches.find(({ triedMs }) => triedMs !== null) ?? this.#batches[0] ?? null
    );
  }

  /** Fixes when a batch was first tried, null: it was not, as is certain now. */
  tried(batch: Batch, triedMs: number | null): void {
    const at = this.#batches.findIndex(({ name }) => name === batch.name);
    if (at < 0) return;
    this.#batches[at] = { ...batch, triedMs };
    this.#keep(this.#batches[at]);
  }

  /** Forgets a batch whose fate is known. */
  settle(batch: Batch): void {
    const at = this.#batches.findIndex(({ name }) => name === batch.name);
    if (at >= 0) this.#batches.splice(at, 1);
    this.#shelf.remove(batch.name);
  }

  /** Forgets what nobody could send for a day; returns how many taps that were. */
  expire(nowMs: number): number {
    const old = this.#batches.filter(
      ({ triedMs, madeMs }) => triedMs === null && nowMs - madeMs > UNTRIED_MAX_AGE_MS,
    );
    for (const batch of old) this.settle(batch);
    return old.reduce((sum, { size }) => sum + size, 0);
  }

  /**
   * Forgets what was first tried so long ago; returns how many taps that were.
   *
   * When a batch was tried in the future the wall clock was set back: it may be as old.
   */
  settleTriedBefore(limitMs: number, nowMs: number): number {
    const old = this.#batches.filter(
      ({ triedMs }) =>
        triedMs !== null && (triedMs <= limitMs || triedMs > nowMs + CLOCK_STEP_MAX_MS),
    );
    for (const batch of old) this.settle(batch);
    return old.reduce((sum, { size }) => sum + size, 0);
  }

  /** Takes over what tabs that do not live any more have left. */
  async adopt(nowMs: number): Promise<void> {
    const found = this.#shelf.names(this.#prefix).filter((name) => !this.#isOwn(name));
    const tabs = [...new Set(found.map((name) => this.#tabOf(name)))];
    const dead = new Set(await this.#tabs.dead(tabs, nowMs));
    for (const name of found)
      if (dead.has(this.#tabOf(name))) this.#takeOver(name, nowMs);
  }

  #takeOver(name: string, nowMs: number): void {
    const batch = parseBatch(this.#shelf.read(name) ?? "");
    if (batch) {
      this.#batches.push({ ...batch, name: this.#newName() });
      this.#keep(this.#batches.at(-1));
      this.#tabs.takeOver(this.#tabOf(name), nowMs);
    }
    this.#shelf.remove(name);
  }

  /** Whoever slept so long that it was taken for dead leaves to others what they took. */
  #dropTakenOver(): void {
    if (!this.#tabs.isTakenOver) return;
    const left = this.#batches.filter(({ name }) => this.#shelf.read(name) !== null);
    this.#tabs.renew();
    const own = left.map((batch) => ({ ...batch, name: this.#newName() }));
    for (const { name } of left) this.#shelf.remove(name);
    for (const batch of own) this.#keep(batch);
    this.#batches.splice(0, this.#batches.length, ...own);
  }

  /** Adds to the newest batch or a new one; returns which. */
  #append(reaction: string, nowMs: number): number {
    const last = this.#batches.at(-1);
    if (last && isRoomIn(last, reaction)) {
      const body = `${last.body.slice(0, -1)},${reaction}]`;
      this.#batches[this.#batches.length - 1] = { ...last, body, size: last.size + 1 };
    } else {
      const [name, key, body] = [this.#newName(), this.#newKey(), `[${reaction}]`];
      this.#batches.push({ name, key, body, size: 1, madeMs: nowMs, triedMs: null });
    }
    return this.#batches.length - 1;
  }

  #keep(batch: Batch | undefined): void {
    if (!batch) return;
    const { name, ...kept } = batch;
    this.#shelf.write(name, JSON.stringify(kept));
  }

  #newName(): string {
    this.#made += 1;
    return `${this.#prefix}${this.#tabs.own}/${String(this.#made).padStart(6, "0")}`;
  }

  #isOwn(name: string): boolean {
    return this.#tabOf(name) === this.#tabs.own;
  }

  #tabOf(name: string): string {
    return name.slice(this.#prefix.length).split("/")[0] ?? "";
  }
}

function isRoomIn({ body, size, triedMs }: Batch, reaction: string): boolean {
  const bytes = encoder.encode(body).length + encoder.encode(reaction).length + 1;
  return triedMs === null && size < BATCH_MAX && bytes <= BODY_MAX_BYTES;
}

/** Returns a batch as it was kept, without its name; null if it was changed. */
function parseBatch(text: string): Omit<Batch, "name"> | null {
  const { key, body, size, madeMs, triedMs } = readObject(text, KEPT_MAX) ?? {};
  if (!isText(key) || !isText(body) || !isCount(size) || !isCount(madeMs)) return null;
  return triedMs === null || isCount(triedMs)
    ? { key, body, size, madeMs, triedMs }
    : null;
}
