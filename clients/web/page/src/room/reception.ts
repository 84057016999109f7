/** What has been received of a room, and how alive its way here is: pure. */

import type { Frame } from "./frame";
import { Liveness, type Trust } from "./liveness";
import { Newest } from "./newest";
import { later, parseState, type RoomState, untouched } from "./state";
import type { Happened, Message } from "./steps";
import { CONTROL_PULSE, isPulse, stateTopic } from "./wire";

/** Takes what happens to a client. */
export class Reception {
  readonly #room: string;
  readonly #newest: Newest;
  readonly #liveness = new Liveness();
  #state: RoomState;
  #topic = "";
  #cluster: string | null = null;
  #wasAlive = false;
  #isServerAway = false;

  constructor(room: string) {
    this.#room = room;
    this.#newest = new Newest(room);
    this.#state = untouched(room);
  }

  get frame(): Frame | null {
    return this.#newest.frame;
  }

  get state(): RoomState {
    return this.#state;
  }

  /** Which cluster serves this client, null if none does. */
  get cluster(): string | null {
    return this.#cluster;
  }

  get trust(): Trust {
    return this.#liveness.trust;
  }

  /** Whether all was well a moment ago, and nothing keeps it from being so soon. */
  get isMoving(): boolean {
    return this.#wasAlive && this.trust === "connecting";
  }

  /** Whether nobody answered when a place was needed. */
  get isServerAway(): boolean {
    return this.#cluster === null && this.#isServerAway;
  }

  /** Learn what happened. */
  take(happened: Happened, nowS: number): void {
    this.#liveness.tick(nowS);
    switch (happened.kind) {
      case "joined":
        this.#topic = happened.assignment.topic;
        this.#cluster = happened.assignment.cluster;
        this.#isServerAway = false;
        if (!happened.isMove) this.#liveness.begin();
        break;
      case "lost":
        this.#cluster = null;
        this.#liveness.end();
        break;
      case "placed":
        this.#isServerAway = false;
        break;
      case "put off":
        this.#wasAlive = false;
        this.#isServerAway = happened.label === "";
        break;
      case "message":
        this.#read(happened);
        break;
    }
  }

  /** Learn the room's state, from whoever says it. */
  hearState(raw: Uint8Array | string): void {
    const heard = parseState(raw, this.#room);
    if (heard) this.#state = later(this.#state, heard);
  }

  #live(): void {
    this.#liveness.pulse();
    this.#wasAlive = true;
  }

  #read({ topic, payload, isRetained }: Message): void {
    if (topic === CONTROL_PULSE) {
      if (isPulse(payload)) this.#live();
    } else if (topic === stateTopic(this.#room)) this.hearState(payload);
    // An empty frame: it is the relay that ends, not the room.
    else if (topic === this.#topic && payload.length > 0) {
      const news = this.#newest.take(payload);
      if (news && !isRetained) this.#liveness.frame();
    }
  }
}
