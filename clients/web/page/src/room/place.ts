/** A place in the audience, as the server gives it: where to join, and as whom. */

import { isAmount, isCount, isObject, isText, readObject } from "./reading";

const PORT_MAX = 65_535;
const BROKERS_MAX = 256;
const CLIENT_ID = /^[A-Za-z0-9_-]{1,64}$/;
const HOST = /^[A-Za-z0-9.:_-]{1,255}$/;

/** Where pages find a cluster's broker. */
export interface BrokerAddress {
  readonly host: string;
  readonly wsPort: number;
}

export interface Place {
  readonly clientId: string;
  /** In the order in which they are to be tried; one at least. */
  readonly brokers: readonly BrokerAddress[];
  /** When its broker dies: the first wait is uniform over so long. */
  readonly spreadS: number;
}

/** Returns the place that the server's answer names, null if nobody could join by it. */
export function parsePlace(text: string): Place | null {
  const read = readObject(text);
  const { client_id: clientId, brokers, spread_s: spreadS } = read ?? {};
  if (!isText(clientId) || !CLIENT_ID.test(clientId) || !isAmount(spreadS)) return null;
  if (!Array.isArray(brokers) || brokers.length > BROKERS_MAX) return null;
  const addresses = brokers.map(addressOf).filter((address) => address !== null);
  return addresses.length > 0 ? { clientId, brokers: addresses, spreadS } : null;
}

function addressOf(read: unknown): BrokerAddress | null {
  if (!isObject(read)) return null;
  const host = read.ws_host ?? read.host;
  const wsPort = read.ws_port;
  if (!isText(host) || !HOST.test(host)) return null;
  if (!isCount(wsPort) || wsPort < 1 || wsPort > PORT_MAX) return null;
  return { host, wsPort };
}

/** Returns the broker's WebSocket, as safe as the page itself came. */
export function webSocketUrl(
  { host, wsPort }: BrokerAddress,
  isSecure: boolean,
): string {
  const name = host.includes(":") ? `[${host}]` : host;
  return `${isSecure ? "wss" : "ws"}://${name}:${wsPort}/mqtt`;
}
