/** How many people are here: asked for now and then, while somebody looks. */

import type { Ask } from "./answer";
import { isAmount, isCount } from "./reading";

const AGAIN_S = 5;
const AGAIN_MAX_S = 3600;
const OK = 200;

export interface ViewersParts {
  readonly room: string;
  readonly ask: Ask;
  readonly isHidden: () => boolean;
  /** Returns a random number between 0 and 1. */
  readonly draw: () => number;
  /** Told how many there are. */
  readonly hear: (members: number) => void;
}

/** Asks from `start` to `stop`, at most as often as the server says. */
export class Viewers {
  readonly #parts: ViewersParts;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isDue = false;

  constructor(parts: ViewersParts) {
    this.#parts = parts;
  }

  start(): void {
    if (this.#timer === null) this.#waitFor(0);
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#isDue = false;
  }

  /** Somebody looks again: ask now if it was time while nobody did. */
  wake(): void {
    if (this.#isDue) this.#waitFor(0);
  }

  #waitFor(waitS: number): void {
    this.#isDue = false;
    this.#timer = setTimeout(() => void this.#turn(), waitS * 1000);
  }

  async #turn(): Promise<void> {
    const { isHidden, draw } = this.#parts;
    if (isHidden()) {
      this.#isDue = true;
      return;
    }
    const timer = this.#timer;
    const againS = await this.#askOnce();
    if (timer === this.#timer && timer !== null)
      this.#waitFor(againS * (1 + draw() / 2));
  }

  /** Asks; returns after how many seconds to ask again. */
  async #askOnce(): Promise<number> {
    const { room, ask, hear } = this.#parts;
    const answer = await ask(`/v1/rooms/${encodeURIComponent(room)}/audience`);
    const { members, again_s: againS } = answer?.fields ?? {};
    if (answer?.status === OK && isCount(members)) hear(members);
    const asked = isAmount(againS) ? againS : (answer?.retryAfterS ?? 0);
    return Math.min(AGAIN_MAX_S, Math.max(AGAIN_S, asked));
  }
}
