/** What happens to a registered client, and what is to be done: plain values. */

import type { BrokerAddress, Place } from "./place";
import type { Assignment } from "./wire";

/** What does not mend itself, as people are told: a fixed label and one sentence. */
export interface Problem {
  readonly label: string;
  readonly help: string;
}

/** The broker has let us in. */
export interface Connected {
  readonly kind: "connected";
}

/** There is no connection to the broker, and why. */
export interface Lost {
  readonly kind: "lost";
  readonly reason: string;
}

/** A message as the broker sent it. */
export interface Message {
  readonly kind: "message";
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly isRetained: boolean;
  /** Over how long this broker's clients spread out if it dies now, if it said so. */
  readonly spreadS: number | null;
}

/** The broker has taken the wish to hear a topic, and will say what it retains. */
export interface CaughtUp {
  readonly kind: "caught up";
  readonly topic: string;
}

/** The server has answered the registration. */
export interface Placed {
  readonly kind: "placed";
  readonly place: Place;
}

/** The server gives no place just now, or does not answer (then `label` is empty). */
export interface PutOff {
  readonly kind: "put off";
  readonly label: string;
  readonly afterS: number;
}

/** The server takes no such client, and never will. */
export interface TurnedAway {
  readonly kind: "turned away";
  readonly problem: Problem;
}

/** A worker serves this client from now on. */
export interface Joined {
  readonly kind: "joined";
  readonly assignment: Assignment;
  readonly broker: BrokerAddress;
  /** Whether another has served it until now, and was heard until now. */
  readonly isMove: boolean;
}

export type Happened =
  | { readonly kind: "tick" }
  | { readonly kind: "back online" }
  | Connected
  | Lost
  | Message
  | CaughtUp
  | Placed
  | PutOff
  | TurnedAway
  | Joined;

export type Action =
  | { readonly kind: "register" }
  | {
      readonly kind: "connect";
      readonly broker: BrokerAddress;
      readonly clientId: string;
    }
  | { readonly kind: "disconnect" }
  | { readonly kind: "succeed" }
  | { readonly kind: "publish"; readonly topic: string; readonly payload: string }
  | { readonly kind: "follow"; readonly topic: string }
  | { readonly kind: "end"; readonly problem: Problem }
  | Joined;
