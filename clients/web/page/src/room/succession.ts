/**
 * A client's place, and the one that follows it when its cluster is to be left.
 *
 * Pure, as `attendance.ts` is, of which it has one or two: make before break. Each has a
 * leg of its own, a connection to one broker after the other, told by its number.
 */

import { Attendance } from "./attendance";
import { parseFrame } from "./frame";
import { isBefore, isSame, type Position, positionOf } from "./newest";
import type { Action, Happened, Joined, Message } from "./steps";

/**
 * In a room where nothing comes, nothing tells that both are at the same frame: then
 * this counts, from when the next leg would hear of a frame, and from each that comes.
 */
export const QUIET_FOR_S = 3;

/** What is to be done on a leg's connection. */
export interface Todo {
  readonly leg: number;
  readonly action: Action;
}

/** What is to be done, and what happened to the leg that serves, in order. */
export type Step =
  | { readonly kind: "do"; readonly todo: Todo }
  | { readonly kind: "happened"; readonly happened: Happened };

/** The leg that is to follow, and what it has since it joined. */
interface Next {
  readonly leg: number;
  joined: Joined | null;
  came: Happened[];
  /** The position from which on it has every frame. */
  first: Position | null;
  /** Since when no frame has come; null while it might not hear of one. */
  quietSinceS: number | null;
  isMovedOn: boolean;
}

/**
 * Keeps one client in a room's audience, and moves it without missing a frame.
 *
 * Every frame comes over the leg before, or over the next, or both: the leg before is
 * left when it has brought the first that the next has, and with it all before. As long
 * as it brings others, and the next does not, it is not left.
 */
export class Succession {
  readonly #room: string;
  readonly #draw: () => number;
  readonly #attendances: Map<number, Attendance>;
  #serving = 0;
  #newestLeg = 0;
  #next: Next | null = null;
  /** Where the serving leg's frames come, and its last. */
  #topic = "";
  #newest: Uint8Array = new Uint8Array();

  /** @param draw Returns a random number between 0 and 1. */
  constructor(room: string, draw: () => number) {
    this.#room = room;
    this.#draw = draw;
    this.#attendances = new Map([[0, new Attendance(room, draw)]]);
  }

  /** The one that serves, and the one that is to follow it, if there is one. */
  get legs(): readonly number[] {
    return [...this.#attendances.keys()];
  }

  /** Learn what happened on a leg. */
  take(leg: number, happened: Happened, nowS: number): Step[] {
    const attendance = this.#attendances.get(leg);
    if (!attendance) return [];
    const actions = attendance.take(happened, nowS);
    const steps =
      this.#next?.leg === leg
        ? this.#prepared(this.#next, actions, happened, nowS)
        : this.#served(actions, happened, nowS);
    return [...steps, ...this.#decided(nowS)];
  }

  #served(actions: readonly Action[], happened: Happened, nowS: number): Step[] {
    const steps: Step[] = [];
    for (const action of actions) {
      if (action.kind === "succeed") this.#succeed();
      else if (action.kind === "joined") {
        this.#topic = action.assignment.topic;
        steps.push({ kind: "happened", happened: action });
      } else steps.push(todo(this.#serving, action));
    }
    if (happened.kind === "message" && happened.topic === this.#topic)
      this.#note(happened, nowS);
    if (this.#next && isLeft(actions))
      return [...steps, ...this.#goOnAlone(this.#next, happened, nowS)];
    // Nobody is served by a broker alone: `joined` is what counts.
    return happened.kind !== "connected"
      ? [...steps, { kind: "happened", happened }]
      : steps;
  }

  #succeed(): void {
    if (this.#next) return;
    this.#newestLeg += 1;
    this.#next = following(this.#newestLeg, null);
    this.#attendances.set(this.#newestLeg, new Attendance(this.#room, this.#draw));
  }

  #prepared(
    next: Next,
    actions: readonly Action[],
    happened: Happened,
    nowS: number,
  ): Step[] {
    let to = next;
    const steps: Step[] = [];
    for (const action of actions) {
      if (action.kind === "succeed") to.isMovedOn = true;
      else if (action.kind === "joined")
        this.#next = to = following(to.leg, action); // what it had is of another place
      else if (action.kind !== "end" || action.problem.label === "evicted")
        steps.push(todo(to.leg, action)); // else it is served, and stays where it is
    }
    if (isLeft(actions)) this.#next = following(to.leg, null);
    else if (to.joined) this.#hear(to, happened, to.joined.assignment.topic, nowS);
    return steps;
  }

  /** Learn what the next leg has: it counts from when it has joined. */
  #hear(to: Next, happened: Happened, place: string, nowS: number): void {
    if (happened.kind === "caught up" && happened.topic === place)
      to.quietSinceS = nowS;
    if (happened.kind !== "message") return;
    to.came.push(happened);
    if (happened.topic === place) to.first ??= this.#first(happened);
  }

  /** Returns from where on every frame comes, if this tells it. */
  #first(message: Message): Position | null {
    const position = positionIn(message.payload);
    const reached = positionIn(this.#newest);
    // What is retained may be left from somebody who served there once.
    const isNew = !reached || (position !== null && !isBefore(position, reached));
    return isNew || !message.isRetained ? position : null;
  }

  /** Leave the leg before, or the next one, if it is time to. */
  #decided(nowS: number): Step[] {
    const to = this.#next;
    const before = this.#serving;
    if (!to) return [];
    if (!to.joined) {
      if (this.#attendances.get(before)?.isToLeave) return [];
      this.#attendances.delete(to.leg);
      this.#next = null;
      return [todo(to.leg, { kind: "disconnect" })];
    }
    if (!this.#isTime(to, nowS)) return [];
    const steps = this.#switch(to, to.joined, nowS);
    return [...steps, todo(before, { kind: "disconnect" })];
  }

  /** Tells whether the next leg can serve alone. */
  #isTime(to: Next, nowS: number): boolean {
    const reached = positionIn(this.#newest);
    if (to.first && reached && !isBefore(reached, to.first)) return true;
    return to.quietSinceS !== null && nowS - to.quietSinceS >= QUIET_FOR_S;
  }

  /** Serve by the next leg; returns all that came on it so far. */
  #switch(to: Next, joined: Joined, nowS: number): Step[] {
    const told: Happened[] = [{ ...joined, isMove: true }, ...to.came];
    this.#topic = joined.assignment.topic;
    for (const happened of to.came)
      if (happened.kind === "message" && happened.topic === this.#topic)
        this.#note(happened, nowS);
    this.#serveBy(to);
    if (to.isMovedOn) this.#succeed();
    return told.map((happened) => ({ kind: "happened", happened }));
  }

  #serveBy(to: Next): void {
    this.#attendances.delete(this.#serving);
    this.#serving = to.leg;
    this.#next = null;
  }

  /** The leg that served is gone before the next was ready. */
  #goOnAlone(to: Next, happened: Happened, nowS: number): Step[] {
    if (to.joined) return this.#switch(to, to.joined, nowS);
    this.#serveBy(to);
    return [{ kind: "happened", happened }];
  }

  /** Keep the newest frame, where that matters: else it is not worth reading. */
  #note(message: Message, nowS: number): void {
    if (message.payload.length === 0) return;
    if (this.#next) {
      const known = positionIn(this.#newest);
      const position = positionIn(message.payload);
      if (!position || (known && isBefore(position, known))) return;
      const isNews = !isSame(message.payload, this.#newest);
      if (isNews && this.#next.quietSinceS !== null) this.#next.quietSinceS = nowS;
    }
    this.#newest = message.payload;
  }
}

function following(leg: number, joined: Joined | null): Next {
  return {
    leg,
    joined,
    came: [],
    first: null,
    quietSinceS: null,
    isMovedOn: false,
  };
}

function todo(leg: number, action: Action): Step {
  return { kind: "do", todo: { leg, action } };
}

function isLeft(actions: readonly Action[]): boolean {
  return actions.some((action) => action.kind === "disconnect");
}

function positionIn(payload: Uint8Array): Position | null {
  const frame = payload.length > 0 ? parseFrame(payload) : null;
  return frame && positionOf(frame);
}
