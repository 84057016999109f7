import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Ask, asking } from "./answer";
import { HostDesk, tokenIn } from "./host";
import { registering } from "./registrar";
import { Viewers } from "./viewers";

const STATE = {
  v: 1,
  room: "final",
  version: 7,
  open: true,
  emoji: ["❤️"],
  muted: [],
  changed_ms: 5,
};
const CHANGE = {
  version: 7,
  changed_ms: 5,
  by: "Ada",
  open: true,
  emoji: ["❤️"],
  muted: [],
};

type Said = [status: number, body: unknown, headers?: Record<string, string>];

let server: Server;
let origin: string;
let ask: Ask;
/** What is said to a method and path. */
let says: Record<string, Said>;
let asked: { request: IncomingMessage; body: string }[];

beforeEach(async () => {
  [says, asked] = [{}, []];
  server = createServer((request, response) => {
    void text(request).then((body) => {
      asked.push({ request, body });
      const said = says[`${request.method ?? ""} ${request.url ?? ""}`];
      const [status, answer, headers] = said ?? [
        404,
        { error: "not_found", help: "No." },
      ];
      response.writeHead(status, headers);
      response.end(typeof answer === "string" ? answer : JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  ask = asking(origin);
});

afterEach(() => server.close());

describe("a registration", () => {
  const register = () => registering(ask, "final")();
  const broker = { host: "10.0.0.1", port: 1, ws_port: 9883 };
  const given = { client_id: "me", brokers: [broker], spread_s: 1.5, slot: "7" };

  test("asks for its room, and is given a place", async () => {
    says["POST /v1/clients"] = [201, given];
    expect(await register()).toEqual({
      kind: "placed",
      place: {
        clientId: "me",
        brokers: [{ host: "10.0.0.1", wsPort: 9883 }],
        spreadS: 1.5,
      },
    });
    expect(asked[0]?.body).toBe('{"room":"final","profile":"full"}');
  });

  test("goes to where the broker's WebSocket is, if that is elsewhere", async () => {
    const brokers = [{ ...broker, ws_host: "192.168.1.7" }];
    says["POST /v1/clients"] = [201, { ...given, brokers }];
    expect(await register()).toMatchObject({
      place: { brokers: [{ host: "192.168.1.7", wsPort: 9883 }] },
    });
  });

  test.each([
    ["an id that is a topic", { ...given, client_id: "a/b" }],
    ["no brokers", { ...given, brokers: [] }],
    ["a host that is none", { ...given, brokers: [{ ...broker, host: "a/b?c" }] }],
    ["a port that is none", { ...given, brokers: [{ ...broker, ws_port: 0 }] }],
  ])("with %s is not taken, and asked again", async (_, place) => {
    says["POST /v1/clients"] = [201, place];
    expect(await register()).toMatchObject({ kind: "put off" });
  });

  test("is put off for as long as the server says", async () => {
    says["POST /v1/clients"] = [
      503,
      { error: "full", help: "" },
      { "Retry-After": "5" },
    ];
    expect(await register()).toEqual({ kind: "put off", label: "full", afterS: 5 });
  });

  test("is over if no such client is ever taken", async () => {
    says["POST /v1/clients"] = [422, { error: "bad_room", help: "No room." }];
    expect(await register()).toEqual({
      kind: "turned away",
      problem: { label: "bad_room", help: "No room." },
    });
  });

  test("that nobody answers is put off without a label", async () => {
    server.close();
    server.closeAllConnections();
    expect(await register()).toEqual({ kind: "put off", label: "", afterS: 0 });
  });
});

describe("a host", () => {
  const desk = () => new HostDesk({ room: "final", server: origin, token: "secret" });

  test("sees the state and who changed it", async () => {
    says["GET /v1/rooms/final/state"] = [200, STATE];
    says["GET /v1/rooms/final/changes"] = [200, { room: "final", changes: [CHANGE] }];
    const told = await desk().load();
    expect(told).toEqual({ isDone: true, value: { state: STATE, changes: [CHANGE] } });
    const withToken = asked.find(({ request }) => request.url?.endsWith("changes"));
    expect(withToken?.request.headers.authorization).toBe("Bearer secret");
  });

  test("sees all of the longest log", async () => {
    const emoji = Array<string>(24).fill("👩🏽‍❤️‍💋‍👨🏿");
    const long = { ...CHANGE, emoji, muted: emoji };
    says["GET /v1/rooms/final/state"] = [200, STATE];
    says["GET /v1/rooms/final/changes"] = [200, { changes: Array(50).fill(long) }];
    const told = await desk().load();
    expect(told.isDone && told.value.changes.length).toBe(50);
  });

  test("changes the state that it has seen", async () => {
    says["PUT /v1/rooms/final/state"] = [200, { ...STATE, version: 8, open: false }];
    const wish = { open: false, emoji: null, muted: ["😂"] };
    const told = await desk().change(wish, 7);
    expect(told.isDone && told.value.version).toBe(8);
    expect(JSON.parse(asked[0]?.body ?? "")).toEqual(wish);
    const headers = asked[0]?.request.headers;
    expect(headers?.["if-match"]).toBe('"7"');
    expect(headers?.authorization).toBe("Bearer secret");
  });

  test("or whatever it is", async () => {
    says["PUT /v1/rooms/final/state"] = [200, STATE];
    await desk().change({ open: true, emoji: null, muted: [] }, null);
    expect(asked[0]?.request.headers["if-match"]).toBeUndefined();
  });

  test.each([
    ["another change came before", 412, "state_changed"],
    ["the link is too old", 403, "not_host"],
  ])("is told that %s", async (_, status, label) => {
    says["PUT /v1/rooms/final/state"] = [status, { error: label, help: "So." }];
    const told = await desk().change({ open: true, emoji: null, muted: [] }, 7);
    expect(told).toEqual({ isDone: false, problem: { label, help: "So." } });
  });

  test("is told that nobody answers", async () => {
    server.close();
    server.closeAllConnections();
    expect(await desk().load()).toMatchObject({ problem: { label: "offline" } });
  });

  test.each([
    ["#abc.DEF-_", "abc.DEF-_"],
    ["", null],
    ["#", null],
    ["#two words", null],
  ])("whose page's fragment is %j has the token %j", (hash, token) => {
    expect(tokenIn(hash)).toBe(token);
  });
});

describe("the number of viewers", () => {
  const parts = (isHidden: () => boolean) => {
    const members: number[] = [];
    const hear = (count: number): void => void members.push(count);
    const viewers = new Viewers({ room: "final", ask, isHidden, draw: () => 0, hear });
    return { members, viewers };
  };

  beforeEach(() => {
    says["GET /v1/rooms/final/audience"] = [200, { members: 1234, again_s: 5 }];
  });

  test("is asked for once, and not again before it is time", async () => {
    const { members, viewers } = parts(() => false);
    viewers.start();
    viewers.wake();
    await vi.waitFor(() => expect(members).toEqual([1234]));
    viewers.wake();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(asked).toHaveLength(1);
    viewers.stop();
  });

  test("is not asked for while nobody looks, but then at once", async () => {
    let isHidden = true;
    const { members, viewers } = parts(() => isHidden);
    viewers.start();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(asked).toHaveLength(0);
    isHidden = false;
    viewers.wake();
    await vi.waitFor(() => expect(members).toEqual([1234]));
    viewers.stop();
  });
});
