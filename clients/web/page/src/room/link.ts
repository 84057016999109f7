/** A connection to one broker over a WebSocket, and what happens on it. */

import type { IClientOptions, MqttClient } from "mqtt";
import { SLEPT, TAKEN_OVER } from "./attendance";
import { isAmount } from "./reading";
import type { CaughtUp, Connected, Lost, Message } from "./steps";
import {
  assignmentTopic,
  CONTROL_MOVE,
  CONTROL_PULSE,
  leaveTopic,
  stateTopic,
} from "./wire";

const KEEPALIVE_S = 10;
const CONNECTED_WITHIN_MS = 10_000;
const CHECKED_WITHIN_MS = 5000;
const SESSION_TAKEN_OVER = 0x8e;
const SPREAD = "spread_s";

export interface Link {
  publish(topic: string, payload: string): void;
  follow(topic: string): void;
  /** Somebody looks again: what slept may be dead, and says so soon. */
  check(): void;
  /** Take leave of the broker, if that is still possible; nothing is heard after it. */
  leave(): void;
}

export type Hear = (happened: Connected | Lost | Message | CaughtUp) => void;

/** Opens a connection; what happens on it is heard later, never at once. */
export type Open = (url: string, clientId: string, room: string, hear: Hear) => Link;

/** Whether timers may be late here: then pings go out with what comes in. */
export type IsHidden = () => boolean;

/** Returns who opens connections over MQTT 5. */
export function opening(isHidden: IsHidden): Open {
  return (url, clientId, room, hear) =>
    new MqttLink(url, clientId, room, hear, isHidden);
}

class MqttLink implements Link {
  #client: MqttClient | null = null;
  #isOver = false;
  #lostReason = "";
  #pingedMs = 0;
  #checking: ReturnType<typeof setTimeout> | null = null;
  readonly #clientId: string;
  readonly #room: string;
  readonly #hear: Hear;
  readonly #isHidden: IsHidden;

  constructor(
    url: string,
    clientId: string,
    room: string,
    hear: Hear,
    isHidden: IsHidden,
  ) {
    this.#clientId = clientId;
    this.#room = room;
    this.#hear = hear;
    this.#isHidden = isHidden;
    this.#connect(url).catch((error: unknown) => {
      console.warn(`no connection to ${url}:`, error);
      this.#end(String(error));
    });
  }

  publish(topic: string, payload: string): void {
    this.#client?.publish(topic, payload, { qos: 1 }, (error) => {
      if (error) this.#end(error.message);
    });
  }

  follow(topic: string): void {
    this.#client?.subscribe(topic, { qos: 0 }, (error) => {
      if (error) this.#end(error.message);
      else if (!this.#isOver) this.#hear({ kind: "caught up", topic });
    });
  }

  check(): void {
    if (!this.#client?.connected || this.#checking !== null) return;
    this.#client.sendPing();
    this.#checking = setTimeout(() => this.#end(SLEPT), CHECKED_WITHIN_MS);
  }

  leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopChecking();
    const client = this.#client;
    if (!client?.connected) {
      client?.end(true);
      return;
    }
    client.publish(leaveTopic(this.#clientId), "", { qos: 1 });
    client.end();
  }

  async #connect(url: string): Promise<void> {
    // It is two thirds of the page's code, and the page is shown before it is there.
    // Its build for browsers has no other export.
    const { default: mqtt } = await import("mqtt");
    if (this.#isOver) return;
    const client = mqtt.connect(url, optionsOf(this.#clientId));
    this.#client = client;
    client.on("connect", () => this.#enter(client));
    client.on("message", (topic, payload, packet) => {
      const spreadS = spreadIn(packet.properties?.userProperties?.[SPREAD]);
      const isRetained = packet.retain;
      this.#receive({ kind: "message", topic, payload, isRetained, spreadS });
    });
    client.on("packetreceive", () => this.#stopChecking());
    client.on("disconnect", ({ reasonCode }) => {
      if (reasonCode === SESSION_TAKEN_OVER) this.#lostReason = TAKEN_OVER;
    });
    client.on("error", (error) => (this.#lostReason ||= error.message));
    client.on("close", () => this.#end(this.#lostReason || "closed"));
  }

  /** One packet: each that comes in over a WebSocket may cost a broker 100 ms. */
  #enter(client: MqttClient): void {
    const topics = {
      [assignmentTopic(this.#clientId)]: { qos: 1 as const },
      [CONTROL_PULSE]: { qos: 0 as const },
      [CONTROL_MOVE]: { qos: 0 as const },
      [stateTopic(this.#room)]: { qos: 0 as const },
    };
    client.subscribe(topics, (error) => {
      if (error) this.#end(error.message);
    });
    if (!this.#isOver) this.#hear({ kind: "connected" });
  }

  #receive(message: Message): void {
    if (this.#isOver) return;
    this.#pingIfHidden();
    this.#hear(message);
  }

  /** A hidden page's timers run once a minute, and the broker hangs up after 15 s. */
  #pingIfHidden(): void {
    const nowMs = Date.now();
    if (!this.#isHidden() || nowMs - this.#pingedMs < (KEEPALIVE_S * 1000) / 2) return;
    this.#pingedMs = nowMs;
    this.#client?.sendPing();
  }

  #stopChecking(): void {
    if (this.#checking !== null) clearTimeout(this.#checking);
    this.#checking = null;
  }

  #end(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopChecking();
    this.#client?.end(true);
    this.#hear({ kind: "lost", reason });
  }
}

function optionsOf(clientId: string): IClientOptions {
  return {
    clientId,
    protocolVersion: 5,
    clean: true,
    keepalive: KEEPALIVE_S,
    connectTimeout: CONNECTED_WITHIN_MS,
    reconnectPeriod: 0, // when and where to come back is decided by `attendance.ts`
    resubscribe: false,
    queueQoSZero: false,
    // Its other timers are workers from a `blob:`, which our policy forbids.
    timerVariant: "native",
    will: { topic: leaveTopic(clientId), payload: "", qos: 1, retain: false },
  };
}

function spreadIn(said: string | string[] | undefined): number | null {
  const spreadS = typeof said === "string" && said !== "" ? Number(said) : NaN;
  return isAmount(spreadS) ? spreadS : null;
}
