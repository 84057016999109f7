/** Takes taps, gathers them for a moment, keeps and sends them: all of it, in a page. */

import type { Answer, Ask } from "./answer";
import { randomName } from "./chance";
import { fateOf } from "./fate";
import { type Batch, Outbox } from "./outbox";
import { Sending } from "./sending";
import { browserStorage, Shelf } from "./shelf";
import { Tabs } from "./tabs";
import { Counting, type Tally } from "./tally";

const GATHERED_FOR_MS = 250;
const ALIVE_EVERY_MS = 3000;
const USER = "emostream/user";
const OK = 200;

/** Takes this page's taps in one room, from `start` to `stop`. */
export class Taps {
  readonly #storage = browserStorage();
  readonly #shelf = new Shelf(this.#storage);
  readonly #tabs = new Tabs(randomName, this.#shelf, this.#storage && webLocks());
  readonly #counting = new Counting();
  readonly #outbox: Outbox;
  readonly #sending: Sending;
  readonly #changed: () => void;
  #ending: AbortController | null = null;
  #gathering: ReturnType<typeof setTimeout> | null = null;
  #hurry: () => void = () => undefined;

  /** @param changed Called when the tally or `isReached` has changed. */
  constructor(room: string, ask: Ask, changed: () => void) {
    const userId = userOn(this.#shelf);
    this.#outbox = new Outbox(room, userId, this.#shelf, this.#tabs, randomName);
    this.#changed = changed;
    this.#sending = new Sending({
      outbox: this.#outbox,
      counting: this.#counting,
      post: async (batch) => fateOf(await ask(...postOf(room, batch))),
      probe: async () => isAlive(await ask("/livez")),
      wait: (ms) => this.#wait(ms),
      nowMs: () => Date.now(),
      draw: () => Math.random(),
      changed,
    });
  }

  get tally(): Tally {
    const { accepted, refused, unknown, lastRefusal } = this.#counting;
    const { waiting } = this.#outbox;
    const { isKept } = this.#shelf;
    return { waiting, accepted, refused, unknown, lastRefusal, isKept };
  }

  /** Whether the server was there when it was last needed. */
  get isReached(): boolean {
    return this.#sending.isReached;
  }

  /** Takes a tap; returns whether there was room for it. */
  tap(emoji: string): boolean {
    if (!this.#ending || !this.#outbox.add(emoji, Date.now())) return false;
    this.#gathering ??= setTimeout(() => this.#gather(), GATHERED_FOR_MS);
    this.#changed();
    return true;
  }

  start(): void {
    if (this.#ending) return;
    this.#ending = new AbortController();
    this.#listen(this.#ending.signal);
    this.#live();
    const alive = setInterval(() => this.#live(), ALIVE_EVERY_MS);
    this.#ending.signal.addEventListener("abort", () => clearInterval(alive));
    if (!navigator.onLine) this.#sending.doubt();
    void this.#sending.run(this.#ending.signal);
  }

  /** Keep what waits for the next page; nothing is taken any more. */
  stop(): void {
    if (!this.#ending) return;
    this.#gather();
    this.#ending.abort();
    this.#ending = null;
    this.#hurry();
    this.#tabs.leave();
  }

  #listen(signal: AbortSignal): void {
    const on = (target: EventTarget, type: string, hear: () => void): void =>
      target.addEventListener(type, hear, { signal });
    on(window, "online", () => this.#doubt());
    on(window, "offline", () => this.#doubt());
    on(window, "pageshow", () => this.#live());
    on(document, "visibilitychange", () => {
      // A page that is put away may not run again.
      if (document.hidden) this.#gather();
      else this.#live();
    });
    on(window, "pagehide", () => {
      this.#gather();
      this.#tabs.leave();
    });
  }

  #doubt(): void {
    this.#sending.doubt();
    this.#hurry();
  }

  #gather(): void {
    if (this.#gathering !== null) clearTimeout(this.#gathering);
    this.#gathering = null;
    this.#outbox.gather(Date.now());
    this.#hurry();
    this.#changed();
  }

  /** Say that this tab lives, and take over what others have left. */
  #live(): void {
    const nowMs = Date.now();
    this.#tabs.live(nowMs);
    this.#tabs.forget(nowMs);
    void this.#adopt(nowMs);
  }

  async #adopt(nowMs: number): Promise<void> {
    const before = this.#outbox.waiting;
    await this.#outbox.adopt(nowMs);
    if (this.#outbox.waiting === before) return;
    this.#hurry();
    this.#changed();
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function postOf(room: string, { key, body }: Batch): [path: string, RequestInit] {
  const headers = { "Content-Type": "application/json", "Idempotency-Key": key };
  // A page that goes does not take along what is on its way.
  const request = { method: "POST", headers, body, keepalive: true };
  return [`/v1/rooms/${encodeURIComponent(room)}/reactions`, request];
}

function isAlive(answer: Answer | null): boolean {
  return answer?.status === OK;
}

function userOn(shelf: Shelf): string {
  const known = shelf.read(USER);
  if (known && /^[0-9a-f]{32}$/.test(known)) return known;
  const userId = randomName();
  shelf.write(USER, userId);
  return userId;
}

/** Only pages over HTTPS or of this machine have them. */
function webLocks(): LockManager | null {
  return "locks" in navigator ? navigator.locks : null;
}
