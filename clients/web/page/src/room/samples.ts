/** Values that tests of the engine have in common. */

import type { Frame } from "./frame";
import type { Message } from "./steps";

const encoder = new TextEncoder();

export const bytes = (value: unknown): Uint8Array =>
  encoder.encode(typeof value === "string" ? value : JSON.stringify(value));

export const frame = (changes: Partial<Frame> = {}): Frame => ({
  v: 1,
  room: "final",
  epoch: "2026-11-20T18:00:00.000Z",
  seq: 8,
  window_start_ms: 1_795_226_378_000,
  window_ms: 2000,
  counts: { "❤️": 3785, "😂": 12 },
  other: 0,
  scaled: { "❤️": 3, "😂": 1 },
  share: { "❤️": 0.9968, "😂": 0.0032 },
  mood: { joy: 0.003, love: 0.997 },
  sentiment: { positive: 1 },
  total: 918_273,
  totals: { "❤️": 900_100 },
  times: { appended_ms: 1_795_226_379_412, made_ms: 1_795_226_379_700 },
  ...changes,
});

export const message = (
  topic: string,
  value: unknown,
  changes: Partial<Message> = {},
): Message => ({
  kind: "message",
  topic,
  payload: bytes(value),
  isRetained: false,
  spreadS: null,
  ...changes,
});

export const place = (clientId: string, hosts: readonly string[] = ["one", "two"]) => ({
  kind: "placed" as const,
  place: {
    clientId,
    brokers: hosts.map((host) => ({ host, wsPort: 9001 })),
    spreadS: 10,
  },
});

export const assignment = (clientId: string, cluster = "cluster-1") =>
  message(`clients/${clientId}/assignment`, {
    room: "final",
    profile: "full",
    cluster,
    topic: `relay/7/final/full`,
    lease_s: 300,
    spread_s: 20,
  });

/** A browser's storage, as much of it as there is room for. */
export class MemoryStorage {
  readonly #texts = new Map<string, string>();
  roomFor = Infinity;

  get length(): number {
    return this.#texts.size;
  }

  getItem(name: string): string | null {
    return this.#texts.get(name) ?? null;
  }

  setItem(name: string, text: string): void {
    if (text.length > this.roomFor) throw new Error("QuotaExceededError");
    this.#texts.set(name, text);
  }

  removeItem(name: string): void {
    this.#texts.delete(name);
  }

  key(at: number): string | null {
    return [...this.#texts.keys()][at] ?? null;
  }
}
