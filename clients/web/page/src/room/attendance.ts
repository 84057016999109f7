/**
 * What a registered client does at each event: when it registers, joins and moves.
 *
 * Pure: it is told the time and says what is to be done; `audience.ts` does it. A place
 * is a list of brokers, each tried once in its order; then, or when the place is gone,
 * there is a new registration. When its cluster is to be left, it says so, and stays:
 * `succession.ts` begins another.
 */

import { Backoff } from "./backoff";
import { Departure } from "./departure";
import type { BrokerAddress, Place } from "./place";
import type { Action, Happened, Message, PutOff } from "./steps";
import {
  type Assignment,
  assignmentTopic,
  CONTROL_MOVE,
  joinTopic,
  parseAssignment,
} from "./wire";

/** Lost for a reason of its own: the next broker is no better, and nobody comes along. */
export const TAKEN_OVER = "taken over";
export const SLEPT = "slept";
const ALONE: ReadonlySet<string> = new Set([TAKEN_OVER, SLEPT]);

export const PROFILE = "full";

const ASSIGNED_WITHIN_S = 30;
const CONNECTED_WITHIN_S = 10;
/** Joins that go unanswered before a broker is left: who slept has not asked yet. */
const REPEATS_MIN = 3;

const REPEAT_MAX_S = 5;
const SPREAD_MAX_S = 120;
const FIRST_WAIT_S = 0.5;
const WAIT_MAX_S = 30;
const ASKED_WAIT_MAX_S = 300;

type Phase = "waiting" | "asking" | "connecting" | "joining" | "joined";

/** Keeps one client in a room's audience, whatever dies. */
export class Attendance {
  #phase: Phase = "waiting";
  #place: Place | null = null;
  /** Brokers of the place that have been left. */
  #tried = 0;
  #unanswered = 0;
  #nowS = 0;
  #dueS = 0;
  #untilS = 0;
  #spreadS = 0;
  /** Until when the server wants to be left alone. */
  #putOffUntilS = 0;
  #topic = "";
  #cluster = "";
  readonly #departure: Departure;
  readonly #backoff: Backoff;
  readonly #room: string;
  readonly #draw: () => number;

  /** @param draw Returns a random number between 0 and 1. */
  constructor(room: string, draw: () => number) {
    this.#room = room;
    this.#draw = draw;
    this.#departure = new Departure(draw);
    this.#backoff = new Backoff(FIRST_WAIT_S, WAIT_MAX_S, draw);
  }

  /** Whether it is still asked to leave the cluster that serves it. */
  get isToLeave(): boolean {
    return this.#departure.isAsked;
  }

  /** Learn what happened; returns what is to be done, in this order. */
  take(happened: Happened, nowS: number): Action[] {
    this.#nowS = nowS;
    switch (happened.kind) {
      case "placed":
        if (this.#phase === "asking") return this.#accept(happened.place);
        break;
      case "put off":
        if (this.#phase === "asking") this.#putOff(happened);
        break;
      case "turned away":
        if (this.#phase === "asking")
          return [{ kind: "end", problem: happened.problem }];
        break;
      case "connected":
        if (this.#phase === "connecting") return this.#beginJoining();
        break;
      case "lost":
        if (this.#isAtBroker)
          return ALONE.has(happened.reason) ? this.#registerAgain() : this.#move();
        break;
      case "message":
        if (this.#isAtBroker) return this.#read(happened);
        break;
      case "back online":
        this.#hasten();
        break;
    }
    return this.#doWhatIsDue();
  }

  get #isAtBroker(): boolean {
    return this.#phase === "connecting" || this.#isLetIn;
  }

  get #isLetIn(): boolean {
    return this.#phase === "joining" || this.#phase === "joined";
  }

  #doWhatIsDue(): Action[] {
    if (this.#phase === "waiting" && this.#nowS >= this.#dueS) {
      if (this.#place) return this.#connect(this.#place);
      this.#phase = "asking";
      return [{ kind: "register" }];
    }
    if (this.#isInVain()) return this.#move();
    if (this.#isLetIn && this.#nowS >= this.#dueS) return this.#askToJoin();
    const isServed = this.#phase === "joined";
    return isServed && this.#departure.isDue(this.#nowS) ? [{ kind: "succeed" }] : [];
  }

  /** Tells whether its broker, or all who would answer there, are gone. */
  #isInVain(): boolean {
    if (!this.#isAtBroker || this.#nowS < this.#untilS) return false;
    return this.#phase === "connecting" || this.#unanswered >= REPEATS_MIN;
  }

  #accept(place: Place): Action[] {
    this.#place = place;
    this.#tried = 0;
    this.#spreadS = place.spreadS;
    return this.#connect(place);
  }

  #putOff({ afterS }: PutOff): void {
    const askedS = Math.min(afterS, ASKED_WAIT_MAX_S);
    this.#putOffUntilS = this.#nowS + askedS;
    this.#wait(askedS + this.#backoff.next());
  }

  /** The network was away, not the broker: others do not come with this one. */
  #hasten(): void {
    if (this.#phase !== "waiting") return;
    this.#backoff.reset();
    const soonS = Math.max(this.#nowS, this.#putOffUntilS) + this.#backoff.next();
    this.#dueS = Math.min(this.#dueS, soonS);
  }

  #connect(place: Place): Action[] {
    const broker = place.brokers[this.#tried];
    if (!broker) return this.#registerAgain();
    this.#phase = "connecting";
    this.#untilS = this.#nowS + CONNECTED_WITHIN_S;
    return [{ kind: "connect", broker, clientId: place.clientId }];
  }

  #beginJoining(): Action[] {
    this.#phase = "joining";
    this.#unanswered = 0;
    this.#topic = this.#cluster = "";
    this.#departure.forget();
    this.#untilS = this.#nowS + ASSIGNED_WITHIN_S;
    return this.#askToJoin();
  }

  #askToJoin(): Action[] {
    const waitS = Math.min(REPEAT_MAX_S, 2 ** this.#unanswered);
    this.#dueS = this.#nowS + waitS * this.#between(0.75, 1.25);
    this.#unanswered += 1;
    const payload = JSON.stringify({ room: this.#room, profile: PROFILE });
    return [{ kind: "publish", topic: joinTopic(this.#clientId), payload }];
  }

  #read(message: Message): Action[] {
    const isRelayed = message.topic === this.#topic && !message.isRetained;
    if (isRelayed && message.spreadS !== null) this.#spreadS = message.spreadS;
    if (message.topic === CONTROL_MOVE)
      this.#departure.hear(message.payload, this.#cluster, this.#nowS);
    if (message.topic !== assignmentTopic(this.#clientId)) return [];
    const answer = parseAssignment(message.payload);
    if (!answer) return []; // the join is repeated anyhow
    if (answer.error) return this.#refused(answer);
    const isAsked = answer.room === this.#room && answer.profile === PROFILE;
    return answer.topic && isAsked ? this.#enter(answer) : [];
  }

  #refused({ error, help }: Assignment): Action[] {
    if (error === "full" || error === "draining") return this.#registerAgain();
    return [{ kind: "end", problem: { label: error, help } }];
  }

  /** Be served until the lease ends, and ask again well before. */
  #enter(answer: Assignment): Action[] {
    this.#dueS = this.#nowS + answer.leaseS * this.#between(0.5, 0.9);
    this.#untilS = this.#nowS + answer.leaseS;
    this.#spreadS = answer.spreadS;
    this.#cluster = answer.cluster;
    this.#departure.beIn(answer.cluster, this.#nowS);
    this.#unanswered = 0;
    this.#backoff.reset();
    const isElsewhere = this.#topic !== answer.topic;
    const isNew = isElsewhere || this.#phase !== "joined";
    this.#phase = "joined";
    this.#topic = answer.topic;
    const actions: Action[] = isNew
      ? [{ kind: "joined", assignment: answer, broker: this.#broker, isMove: false }]
      : [];
    return isElsewhere
      ? [...actions, { kind: "follow", topic: answer.topic }]
      : actions;
  }

  /** Take the next broker; who was served spreads out with the others. */
  #move(): Action[] {
    this.#tried += 1;
    if (this.#place && this.#tried >= this.#place.brokers.length) this.#place = null;
    const spreadS = Math.min(this.#spreadS, SPREAD_MAX_S) * this.#draw();
    this.#wait(this.#phase === "joined" ? spreadS : this.#backoff.next());
    return [{ kind: "disconnect" }];
  }

  #registerAgain(): Action[] {
    this.#place = null;
    this.#wait(this.#backoff.next());
    return [{ kind: "disconnect" }];
  }

  #wait(waitS: number): void {
    this.#phase = "waiting";
    this.#dueS = this.#nowS + waitS;
  }

  #between(low: number, high: number): number {
    return low + (high - low) * this.#draw();
  }

  get #clientId(): string {
    return this.#place?.clientId ?? "";
  }

  get #broker(): BrokerAddress {
    const broker = this.#place?.brokers[this.#tried];
    if (!broker) throw new Error("served by no broker");
    return broker;
  }
}
