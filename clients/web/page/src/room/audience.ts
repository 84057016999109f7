/**
 * A registered client's connections, one after the other, as one row of events.
 *
 * What is done and when is decided by `succession.ts`; here it is carried out.
 */

import type { Clock } from "./clock";
import type { Link, Open } from "./link";
import { STALE_AFTER_S } from "./liveness";
import { webSocketUrl } from "./place";
import type { Register } from "./registrar";
import type { Action, Happened, Problem } from "./steps";
import { Succession, type Todo } from "./succession";

const TICK_MS = 250;

export interface AudienceParts {
  readonly room: string;
  readonly isSecure: boolean;
  readonly register: Register;
  readonly open: Open;
  readonly clock: Clock;
  /** Returns a random number between 0 and 1. */
  readonly draw: () => number;
  /** Told what happens to the leg that serves; `joined` stands for a new one. */
  readonly hear: (happened: Happened, nowS: number) => void;
  /** Told why there will be no more. */
  readonly end: (problem: Problem) => void;
}

/** Belongs to a room's audience from `start` to `stop`. */
export class Audience {
  readonly #parts: AudienceParts;
  readonly #succession: Succession;
  readonly #links = new Map<number, Link>();
  readonly #came: [leg: number, happened: Happened][] = [];
  #timer: ReturnType<typeof setInterval> | null = null;
  #isTaking = false;
  #heardS = 0;

  constructor(parts: AudienceParts) {
    this.#parts = parts;
    this.#succession = new Succession(parts.room, parts.draw);
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#tell({ kind: "tick" }), TICK_MS);
    this.#tell({ kind: "tick" });
  }

  /** Take leave, for good. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    for (const link of this.#links.values()) link.leave();
    this.#links.clear();
    this.#came.length = 0;
  }

  /** Somebody looks again, perhaps after a sleep. */
  wake(): void {
    if (this.#timer === null) return;
    if (this.#parts.clock() - this.#heardS > STALE_AFTER_S)
      for (const link of this.#links.values()) link.check();
    this.#tell({ kind: "tick" });
  }

  /** The browser has a network again. */
  backOnline(): void {
    if (this.#timer !== null) this.#tell({ kind: "back online" });
  }

  #tell(happened: Happened): void {
    for (const leg of this.#succession.legs) this.#take(leg, happened);
  }

  /** What happens while something is taken is taken after it. */
  #take(leg: number, happened: Happened): void {
    if (this.#timer === null) return;
    this.#came.push([leg, happened]);
    if (this.#isTaking) return;
    this.#isTaking = true;
    try {
      for (let next = this.#came.shift(); next; next = this.#came.shift())
        this.#turn(...next);
    } finally {
      this.#isTaking = false;
    }
  }

  #turn(leg: number, happened: Happened): void {
    const nowS = this.#parts.clock();
    if (happened.kind === "message") this.#heardS = nowS;
    for (const step of this.#succession.take(leg, happened, nowS)) {
      if (step.kind === "do") this.#carryOut(step.todo);
      else this.#parts.hear(step.happened, nowS);
    }
  }

  #carryOut({ leg, action }: Todo): void {
    switch (action.kind) {
      case "register":
        void this.#register(leg);
        break;
      case "connect":
        this.#connect(leg, action);
        break;
      case "disconnect":
        this.#links.get(leg)?.leave();
        this.#links.delete(leg);
        break;
      case "publish":
        this.#links.get(leg)?.publish(action.topic, action.payload);
        break;
      case "follow":
        this.#links.get(leg)?.follow(action.topic);
        break;
      case "end":
        this.stop();
        this.#parts.end(action.problem);
        break;
    }
  }

  async #register(leg: number): Promise<void> {
    const answer = await this.#parts.register();
    // Who is served stays, whatever answers for the server just now.
    const isElse = answer.kind === "turned away" && leg !== this.#succession.legs[0];
    const { label } = isElse ? answer.problem : { label: "" };
    this.#take(leg, isElse ? { kind: "put off", label, afterS: 0 } : answer);
  }

  #connect(leg: number, { broker, clientId }: Action & { kind: "connect" }): void {
    const { open, room, isSecure, clock } = this.#parts;
    this.#heardS = clock();
    const link = open(webSocketUrl(broker, isSecure), clientId, room, (happened) => {
      // What a connection says that was left for another is of no use.
      if (this.#links.get(leg) === link) this.#take(leg, happened);
    });
    this.#links.set(leg, link);
  }
}
