/** What workers and operators tell a client over MQTT, and on which topics. */

import { isAmount, isCount, isEach, isObject, isText, readObject } from "./reading";

export const CONTROL_PULSE = "control/pulse";
export const CONTROL_MOVE = "control/move";

export const joinTopic = (clientId: string): string => `clients/${clientId}/join`;
export const leaveTopic = (clientId: string): string => `clients/${clientId}/leave`;
export const assignmentTopic = (clientId: string): string =>
  `clients/${clientId}/assignment`;
export const stateTopic = (room: string): string => `rooms/${room}/state`;

/** How long a membership lasts where the answer does not say. */
const LEASE_S = 300;

/** A worker's answer to a join: where the frames are, or why there are none. */
export interface Assignment {
  readonly room: string;
  readonly profile: string;
  /** By which `control/move` calls it. */
  readonly cluster: string;
  readonly topic: string;
  readonly leaseS: number;
  readonly spreadS: number;
  readonly error: string;
  readonly help: string;
}

/** Returns the answer, null if it is none; never throws. */
export function parseAssignment(raw: Uint8Array): Assignment | null {
  const read = readObject(raw);
  if (!read) return null;
  const { lease_s: leaseS = 0, spread_s: spreadS = 0 } = read;
  if (!isCount(leaseS) || !isAmount(spreadS)) return null;
  const texts = ["room", "profile", "cluster", "topic", "error", "help"].map(
    (name) => read[name] ?? "",
  );
  if (!texts.every(isText)) return null;
  const [room = "", profile = "", cluster = "", topic = "", error = "", help = ""] =
    texts;
  const lasts = leaseS > 0 ? leaseS : LEASE_S;
  return { room, profile, cluster, topic, leaseS: lasts, spreadS, error, help };
}

/** The clusters that are to be left, and over how many seconds: all of them. */
export type Moves = ReadonlyMap<string, number>;

/** Returns what an operator has said, null if it cannot be read; nothing names none. */
export function parseMoves(raw: Uint8Array): Moves | null {
  if (raw.length === 0) return new Map();
  const clusters = readObject(raw)?.clusters ?? {};
  if (!isEach(clusters, isObject)) return null;
  const spreads = Object.entries(clusters).map(
    ([name, move]) => [name, move.spread_s] as const,
  );
  const isRead = (one: readonly [string, unknown]): one is readonly [string, number] =>
    isAmount(one[1]);
  return spreads.every(isRead) ? new Map(spreads) : null;
}

/** Tells whether it is the stream's sign of life. */
export function isPulse(raw: Uint8Array): boolean {
  const read = readObject(raw);
  return read?.v === 1 && isText(read.epoch) && isCount(read.sent_ms);
}
