/** All that a page needs of a room, in one value that changes: the engine. */

import { type Ask, asking } from "./answer";
import { Audience } from "./audience";
import { awakeClock } from "./clock";
import type { Frame } from "./frame";
import { opening } from "./link";
import { Reception } from "./reception";
import { registering } from "./registrar";
import type { RoomState } from "./state";
import type { Problem } from "./steps";
import type { Tally } from "./tally";
import { Taps } from "./taps";
import { Viewers } from "./viewers";

export type { Frame, Problem, RoomState, Tally };

export type Phase =
  "connecting" | "live" | "quiet" | "stale" | "moving" | "offline" | "ended";

export interface Moment {
  readonly phase: Phase;
  readonly frame: Frame | null;
  readonly state: RoomState;
  readonly members: number | null;
  readonly cluster: string | null;
  readonly tally: Tally;
  /** What does not mend itself. */
  readonly problem: Problem | null;
}

export interface Engine {
  readonly moment: Moment;
  /** Hear of every change; returns what ends that. */
  onMoment(hear: (moment: Moment) => void): () => void;
  /** Takes a tap; returns whether it will be sent. */
  tap(emoji: string): boolean;
  start(): void;
  stop(): void;
}

export interface EngineOptions {
  readonly room: string;
  /** The server's origin. */
  readonly server: string;
  /** Whether taps are sent from here. */
  readonly taps: boolean;
}

const OK = 200;

const NO_TAPS: Tally = {
  waiting: 0,
  accepted: 0,
  refused: 0,
  unknown: 0,
  lastRefusal: null,
  isKept: true,
};

export function createEngine(options: EngineOptions): Engine {
  return new RoomEngine(options);
}

class RoomEngine implements Engine {
  readonly #room: string;
  readonly #ask: Ask;
  readonly #reception: Reception;
  readonly #audience: Audience;
  readonly #viewers: Viewers;
  readonly #taps: Taps | null;
  readonly #hearers = new Set<(moment: Moment) => void>();
  #members: number | null = null;
  #problem: Problem | null = null;
  #ending: AbortController | null = null;
  #wasStopped = false;
  #moment: Moment;

  constructor({ room, server, taps }: EngineOptions) {
    this.#room = room;
    this.#ask = asking(server);
    this.#reception = new Reception(room);
    this.#taps = taps ? new Taps(room, this.#ask, () => this.#tell()) : null;
    this.#audience = this.#newAudience(server);
    this.#viewers = this.#newViewers();
    this.#moment = this.#now();
  }

  get moment(): Moment {
    return this.#moment;
  }

  onMoment(hear: (moment: Moment) => void): () => void {
    this.#hearers.add(hear);
    return () => void this.#hearers.delete(hear);
  }

  tap(emoji: string): boolean {
    return this.#taps?.tap(emoji) ?? false;
  }

  /** Begin; an engine that was stopped is over. */
  start(): void {
    if (this.#ending || this.#wasStopped) return;
    this.#ending = new AbortController();
    this.#listen(this.#ending.signal);
    void this.#askState();
    this.#audience.start();
    this.#viewers.start();
    this.#taps?.start();
  }

  stop(): void {
    this.#ending?.abort();
    this.#ending = null;
    this.#wasStopped = true;
    this.#audience.stop();
    this.#viewers.stop();
    this.#taps?.stop();
    this.#tell();
  }

  #newAudience(server: string): Audience {
    return new Audience({
      room: this.#room,
      isSecure: server.startsWith("https:"),
      register: registering(this.#ask, this.#room),
      open: opening(() => document.hidden),
      clock: awakeClock(),
      draw: () => Math.random(),
      hear: (happened, nowS) => {
        this.#reception.take(happened, nowS);
        this.#tell();
      },
      end: (problem) => {
        this.#problem = problem;
        this.stop();
      },
    });
  }

  #newViewers(): Viewers {
    return new Viewers({
      room: this.#room,
      ask: this.#ask,
      isHidden: () => document.hidden,
      draw: () => Math.random(),
      hear: (members) => {
        this.#members = members;
        this.#tell();
      },
    });
  }

  #listen(signal: AbortSignal): void {
    const wake = (): void => {
      if (document.hidden) return;
      this.#audience.wake();
      this.#viewers.wake();
    };
    document.addEventListener("visibilitychange", wake, { signal });
    window.addEventListener("pageshow", wake, { signal });
    window.addEventListener("online", () => this.#audience.backOnline(), { signal });
  }

  /** Before a broker says it: over HTTP it is there first. */
  async #askState(): Promise<void> {
    const answer = await this.#ask(`/v1/rooms/${encodeURIComponent(this.#room)}/state`);
    if (answer?.status !== OK) return; // the broker retains it
    this.#reception.hearState(answer.text);
    this.#tell();
  }

  /** Tell what has changed, if anything has. */
  #tell(): void {
    const moment = this.#now();
    if (isSame(moment, this.#moment)) return;
    this.#moment = moment;
    for (const hear of this.#hearers) hear(moment);
  }

  #now(): Moment {
    const { frame, state, cluster } = this.#reception;
    return {
      phase: this.#phase(),
      frame,
      state,
      members: this.#members,
      cluster,
      tally: this.#taps?.tally ?? NO_TAPS,
      problem: this.#problem,
    };
  }

  #phase(): Phase {
    const { trust, isMoving, isServerAway } = this.#reception;
    if (this.#wasStopped) return "ended";
    if (isServerAway || this.#taps?.isReached === false) return "offline";
    return isMoving ? "moving" : trust;
  }
}

function isSame(one: Moment, other: Moment): boolean {
  const isEqual = <T extends object>(a: T, b: T, but?: keyof T): boolean =>
    (Object.keys(a) as (keyof T)[]).every(
      (name) => name === but || a[name] === b[name],
    );
  return isEqual(one, other, "tally") && isEqual(one.tally, other.tally);
}
