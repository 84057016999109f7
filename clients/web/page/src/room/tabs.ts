/**
 * Which tabs of this browser still live: the batches of the others are taken over.
 *
 * Where there are Web Locks, each tab holds one for its life. Over plain HTTP there are
 * none, and each tab says every few seconds that it lives; one that was only put to
 * sleep is told so when it wakes, and leaves what was taken over to who has it. If both
 * send one batch all the same, it has one key and the same bytes, and within a minute
 * the server counts it once.
 */

import { isCount, readObject } from "./reading";
import type { Shelf } from "./shelf";

const HEARTBEAT_MAX_AGE_MS = 10_000;
const MARK_MAX_AGE_MS = 25 * 3600 * 1000;
const PREFIX = "emostream/tab/";

interface Sign {
  readonly aliveMs?: number;
  readonly takenOverMs?: number;
}

/** Knows this tab, and judges the others. */
export class Tabs {
  #own: string;
  readonly #newName: () => string;
  readonly #shelf: Shelf;
  readonly #locks: LockManager | null;
  #release: (() => void) | null = null;

  /** @param locks The browser's, null where there are none. */
  constructor(newName: () => string, shelf: Shelf, locks: LockManager | null) {
    this.#newName = newName;
    this.#own = newName();
    this.#shelf = shelf;
    this.#locks = locks;
  }

  /** By which the others know this tab. */
  get own(): string {
    return this.#own;
  }

  /** Whether another tab has taken this one for dead. */
  get isTakenOver(): boolean {
    return this.#sign(this.#own).takenOverMs !== undefined;
  }

  /** Be another tab: the one before was taken for dead. */
  renew(): void {
    this.#release?.();
    this.#release = null;
    this.#own = this.#newName();
  }

  /** Say that this tab lives; to be repeated every few seconds. */
  live(nowMs: number): void {
    if (this.isTakenOver) return;
    if (this.#locks) this.#hold(this.#locks);
    else this.#mark(this.#own, { aliveMs: nowMs });
  }

  /** Say that this tab goes: what it leaves may be taken over at once. */
  leave(): void {
    this.#release?.();
    this.#release = null;
    if (!this.isTakenOver) this.#shelf.remove(PREFIX + this.#own);
  }

  /** Returns which of these tabs do not live any more. */
  async dead(others: readonly string[], nowMs: number): Promise<string[]> {
    if (others.length === 0) return [];
    if (!this.#locks) return others.filter((tab) => this.#isSilent(tab, nowMs));
    const { held = [] } = await this.#locks.query();
    const living = new Set(held.map(({ name }) => name));
    return others.filter((tab) => !living.has(PREFIX + tab));
  }

  /** Tell a tab, should it wake up, that its batches are not its own any more. */
  takeOver(tab: string, nowMs: number): void {
    this.#mark(tab, { takenOverMs: nowMs });
  }

  /** Forget who will not wake up any more. */
  forget(nowMs: number): void {
    for (const name of this.#shelf.names(PREFIX)) {
      const { aliveMs, takenOverMs } = this.#sign(name.slice(PREFIX.length));
      const seenMs = takenOverMs ?? aliveMs ?? 0;
      if (nowMs - seenMs > MARK_MAX_AGE_MS) this.#shelf.remove(name);
    }
  }

  #hold(locks: LockManager): void {
    if (this.#release) return;
    const held = new Promise<void>((resolve) => (this.#release = resolve));
    void locks.request(PREFIX + this.#own, () => held);
  }

  #isSilent(tab: string, nowMs: number): boolean {
    const { aliveMs } = this.#sign(tab);
    return aliveMs === undefined || Math.abs(nowMs - aliveMs) > HEARTBEAT_MAX_AGE_MS;
  }

  #mark(tab: string, sign: Sign): void {
    this.#shelf.write(PREFIX + tab, JSON.stringify(sign));
  }

  #sign(tab: string): Sign {
    const read = readObject(this.#shelf.read(PREFIX + tab) ?? "") ?? {};
    const { aliveMs, takenOverMs } = read;
    return {
      ...(isCount(aliveMs) && { aliveMs }),
      ...(isCount(takenOverMs) && { takenOverMs }),
    };
  }
}
