/** A tap bar in somebody else's page: what is offered, and what became of the taps. */

import { type Ask, asking } from "./answer";
import { later, parseState, type RoomState, untouched } from "./state";
import type { Tally } from "./tally";
import { Taps } from "./taps";

const OK = 200;
const ASKED_EVERY_MS = 30_000;
const SOON_MS = 2000;

export interface TapMoment {
  readonly state: RoomState;
  readonly tally: Tally;
  /** Whether the server was there when it was last needed. */
  readonly isReached: boolean;
}

export interface TapDeskOptions {
  readonly room: string;
  /** The server's origin. */
  readonly server: string;
  /** Told of every change. */
  readonly hear: (moment: TapMoment) => void;
}

/** Returns the server that a script came from: its own address says it. */
export function serverOf(script: HTMLScriptElement): string {
  return new URL(script.src).origin;
}

/** Takes taps from `start` to `stop`; needs no broker. */
export class TapDesk {
  readonly #options: TapDeskOptions;
  readonly #ask: Ask;
  readonly #taps: Taps;
  #state: RoomState;
  #refused = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(options: TapDeskOptions) {
    this.#options = options;
    this.#ask = asking(options.server);
    this.#state = untouched(options.room);
    this.#taps = new Taps(options.room, this.#ask, () => this.#tell());
  }

  get moment(): TapMoment {
    const { tally, isReached } = this.#taps;
    return { state: this.#state, tally, isReached };
  }

  /** Takes a tap; returns whether it will be sent. */
  tap(emoji: string): boolean {
    return this.#taps.tap(emoji);
  }

  start(): void {
    this.#taps.start();
    this.#askAfter(0);
  }

  stop(): void {
    this.#taps.stop();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #askAfter(waitMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#askState(), waitMs);
  }

  async #askState(): Promise<void> {
    this.#askAfter(ASKED_EVERY_MS * (0.75 + Math.random() / 2));
    if (document.hidden) return;
    const { room } = this.#options;
    const answer = await this.#ask(`/v1/rooms/${encodeURIComponent(room)}/state`);
    const heard = answer?.status === OK ? parseState(answer.text, room) : null;
    if (!heard) return; // what is offered stays as it was
    this.#state = later(this.#state, heard);
    this.#tell();
  }

  #tell(): void {
    const { refused } = this.#taps.tally;
    // What was refused may not be offered any more.
    if (refused > this.#refused) this.#askAfter(SOON_MS * Math.random());
    this.#refused = refused;
    this.#options.hear(this.moment);
  }
}
