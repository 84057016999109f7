/** What the host of a room can do: see its state and who changed it, and change it. */

import { type Answer, type Ask, asking, problemOf } from "./answer";
import { isCount, isObject, isText } from "./reading";
import { parseState, type RoomState } from "./state";
import type { Problem } from "./steps";

const OK = 200;

/** The whole new state that a host wants. */
export type Wish = Pick<RoomState, "open" | "emoji" | "muted">;

/** A state that the room had, and whose wish it was. */
export interface Change extends Wish {
  readonly version: number;
  readonly changed_ms: number;
  readonly by: string;
}

export interface Desk {
  readonly state: RoomState;
  /** Newest first. */
  readonly changes: readonly Change[];
}

/** What was asked for, or why not. */
export type Told<T> =
  | { readonly isDone: true; readonly value: T }
  | { readonly isDone: false; readonly problem: Problem };

export interface HostOptions {
  readonly room: string;
  /** The server's origin. */
  readonly server: string;
  readonly token: string;
}

/** Returns the token in a page's fragment, null if there is none. */
export function tokenIn(hash: string): string | null {
  const token = hash.replace(/^#/, "");
  return /^[\x21-\x7e]+$/.test(token) ? token : null;
}

/** Speaks for the host whose token it has. */
export class HostDesk {
  readonly #room: string;
  readonly #path: string;
  readonly #token: string;
  readonly #ask: Ask;

  constructor({ room, server, token }: HostOptions) {
    this.#room = room;
    this.#path = `/v1/rooms/${encodeURIComponent(room)}`;
    this.#token = token;
    this.#ask = asking(server);
  }

  /** Returns the room's state, and its latest changes. */
  async load(): Promise<Told<Desk>> {
    const authorized = { headers: this.#headers };
    const [said, logged] = await Promise.all([
      this.#ask(`${this.#path}/state`),
      this.#ask(`${this.#path}/changes`, authorized),
    ]);
    if (logged?.status !== OK) return refused(logged);
    const state = this.#stateIn(said);
    if (!state.isDone) return state;
    const changes = changesIn(logged, this.#room);
    return { isDone: true, value: { state: state.value, changes } };
  }

  /**
   * Sets the room's state; returns what it is then.
   *
   * @param version That the host has seen; if another was set meanwhile, nothing is done
   *   and the problem is `state_changed`. Null: whatever it was.
   */
  async change(wish: Wish, version: number | null): Promise<Told<RoomState>> {
    const { open, emoji, muted } = wish;
    const answer = await this.#ask(`${this.#path}/state`, {
      method: "PUT",
      headers: {
        ...this.#headers,
        "Content-Type": "application/json",
        ...(version !== null && { "If-Match": `"${version}"` }),
      },
      body: JSON.stringify({ open, emoji, muted }),
    });
    return this.#stateIn(answer);
  }

  get #headers(): Record<string, string> {
    return { Authorization: `Bearer ${this.#token}` };
  }

  #stateIn(answer: Answer | null): Told<RoomState> {
    const state = answer?.status === OK ? parseState(answer.text, this.#room) : null;
    return state ? { isDone: true, value: state } : refused(answer);
  }
}

function refused(answer: Answer | null): { isDone: false; problem: Problem } {
  const away = { label: "offline", help: "The server cannot be reached: try again." };
  return { isDone: false, problem: answer ? problemOf(answer) : away };
}

function changesIn({ fields }: Answer, room: string): Change[] {
  const { changes } = fields;
  if (!Array.isArray(changes)) return [];
  return changes.map((one) => changeOf(one, room)).filter((change) => change !== null);
}

function changeOf(read: unknown, room: string): Change | null {
  if (!isObject(read) || !isText(read.by) || !isCount(read.version)) return null;
  const state = parseState(JSON.stringify({ ...read, v: 1, room }), room);
  if (!state) return null;
  const { open, emoji, muted, version, changed_ms } = state;
  return { open, emoji, muted, version, changed_ms, by: read.by };
}
