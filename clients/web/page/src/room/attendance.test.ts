import { describe, expect, test } from "vitest";
import { Attendance, SLEPT, TAKEN_OVER } from "./attendance";
import { assignment, message, place } from "./samples";
import type { Action, Happened } from "./steps";

const CONNECTED = { kind: "connected" } as const;
const TICK = { kind: "tick" } as const;
const lost = (reason = "closed") => ({ kind: "lost", reason }) as const;

/** Half of every wait is waited for. */
const half = (): number => 0.5;

function kinds(actions: readonly Action[]): string[] {
  return actions.map(({ kind }) => kind);
}

function after(...steps: [Happened, nowS: number][]): Attendance {
  const attendance = new Attendance("final", half);
  for (const [happened, nowS] of steps) attendance.take(happened, nowS);
  return attendance;
}

const registered = (): Attendance => after([TICK, 0], [place("me"), 0]);
const joined = (): Attendance =>
  after([TICK, 0], [place("me"), 0], [CONNECTED, 1], [assignment("me"), 1]);

test("it registers, connects, asks to join, and follows the topic of the answer", () => {
  const attendance = new Attendance("final", half);
  expect(kinds(attendance.take(TICK, 0))).toEqual(["register"]);
  expect(attendance.take(place("me"), 0)).toEqual([
    { kind: "connect", broker: { host: "one", wsPort: 9001 }, clientId: "me" },
  ]);
  expect(attendance.take(CONNECTED, 1)).toEqual([
    {
      kind: "publish",
      topic: "clients/me/join",
      payload: '{"room":"final","profile":"full"}',
    },
  ]);
  const actions = attendance.take(assignment("me"), 2);
  expect(kinds(actions)).toEqual(["joined", "follow"]);
  expect(actions[1]).toEqual({ kind: "follow", topic: "relay/7/final/full" });
});

test("a join is repeated until it is answered, and before the lease ends", () => {
  const attendance = registered();
  attendance.take(CONNECTED, 1);
  expect(kinds(attendance.take(TICK, 1.9))).toEqual([]);
  expect(kinds(attendance.take(TICK, 2))).toEqual(["publish"]);
  attendance.take(assignment("me"), 2);
  expect(kinds(attendance.take(TICK, 200))).toEqual([]);
  expect(kinds(attendance.take(TICK, 213))).toEqual(["publish"]);
});

test("an answer that prolongs the lease follows nothing anew", () => {
  expect(kinds(joined().take(assignment("me"), 200))).toEqual([]);
});

test("whoever is never answered takes the next broker", () => {
  const attendance = registered();
  attendance.take(CONNECTED, 1);
  for (const atS of [2, 4, 8, 13]) attendance.take(TICK, atS);
  expect(kinds(attendance.take(TICK, 31))).toEqual(["disconnect"]);
});

test("whoever was served waits for its part of the spread, then takes the next", () => {
  const attendance = joined();
  expect(kinds(attendance.take(lost(), 100))).toEqual(["disconnect"]);
  expect(kinds(attendance.take(TICK, 109.9))).toEqual([]);
  expect(attendance.take(TICK, 110)).toEqual([
    { kind: "connect", broker: { host: "two", wsPort: 9001 }, clientId: "me" },
  ]);
});

test("a frame's own spread replaces the one that was told, a retained one's not", () => {
  const attendance = joined();
  attendance.take(message("relay/7/final/full", {}, { spreadS: 2 }), 50);
  attendance.take(
    message("relay/7/final/full", {}, { spreadS: 90, isRetained: true }),
    51,
  );
  attendance.take(lost(), 100);
  expect(kinds(attendance.take(TICK, 101))).toEqual(["connect"]);
});

test("after the last broker it registers anew", () => {
  const attendance = registered();
  attendance.take(lost(), 1);
  attendance.take(TICK, 2);
  attendance.take(lost(), 3);
  expect(kinds(attendance.take(TICK, 10))).toEqual(["register"]);
});

test("a broker that does not let it in within ten seconds is left", () => {
  const attendance = registered();
  expect(kinds(attendance.take(TICK, 9.9))).toEqual([]);
  expect(kinds(attendance.take(TICK, 10))).toEqual(["disconnect"]);
});

test.each([TAKEN_OVER, SLEPT])(
  "%s: it registers at once, without spreading",
  (reason) => {
    const attendance = joined();
    attendance.take(lost(reason), 100);
    expect(kinds(attendance.take(TICK, 100.25))).toEqual(["register"]);
  },
);

test("the server is asked again after what it says, and ever more rarely", () => {
  const attendance = after([TICK, 0]);
  attendance.take({ kind: "put off", label: "full", afterS: 5 }, 0);
  expect(kinds(attendance.take(TICK, 5))).toEqual([]);
  expect(kinds(attendance.take(TICK, 5.25))).toEqual(["register"]);
  let nowS = 10;
  for (let times = 0; times < 20; times += 1) {
    attendance.take({ kind: "put off", label: "", afterS: 0 }, nowS);
    nowS += 30;
    expect(kinds(attendance.take(TICK, nowS))).toEqual(["register"]);
  }
  attendance.take({ kind: "put off", label: "", afterS: 0 }, nowS);
  expect(kinds(attendance.take(TICK, nowS + 14.9))).toEqual([]);
});

test("with a network again it does not wait on, but for what the server asked", () => {
  const attendance = after([TICK, 0]);
  for (let times = 0; times < 8; times += 1) {
    attendance.take({ kind: "put off", label: "", afterS: 0 }, 100 * times);
    attendance.take(TICK, 100 * times + 50);
  }
  attendance.take({ kind: "put off", label: "full", afterS: 2 }, 1000);
  attendance.take({ kind: "back online" }, 1001);
  expect(kinds(attendance.take(TICK, 1002))).toEqual([]);
  expect(kinds(attendance.take(TICK, 1002.25))).toEqual(["register"]);
});

describe("an answer with an error", () => {
  const refused = (error: string) =>
    message("clients/me/assignment", { error, help: "So it is." });

  test.each(["full", "draining"])("%s: there is another place", (error) => {
    const attendance = registered();
    attendance.take(CONNECTED, 1);
    expect(kinds(attendance.take(refused(error), 2))).toEqual(["disconnect"]);
    expect(kinds(attendance.take(TICK, 3))).toEqual(["register"]);
  });

  test("evicted: it is over, and people are told why", () => {
    expect(joined().take(refused("evicted"), 2)).toEqual([
      { kind: "end", problem: { label: "evicted", help: "So it is." } },
    ]);
  });
});

test("a registration that is refused for ever ends it", () => {
  const problem = { label: "bad_room", help: "No room." };
  const attendance = after([TICK, 0]);
  expect(attendance.take({ kind: "turned away", problem }, 1)).toEqual([
    { kind: "end", problem },
  ]);
});

describe("when its cluster is to be left", () => {
  const move = (clusters: object) => message("control/move", { clusters });

  test("it begins to succeed after its part of the spread, once", () => {
    const attendance = joined();
    attendance.take(move({ "cluster-1": { spread_s: 30 } }), 100);
    expect(kinds(attendance.take(TICK, 114.9))).toEqual([]);
    attendance.take(move({ "cluster-1": { spread_s: 30 } }), 114.9);
    expect(kinds(attendance.take(TICK, 115))).toEqual(["succeed"]);
    expect(kinds(attendance.take(TICK, 116))).toEqual([]);
    expect(attendance.isToLeave).toBe(true);
  });

  test.each([
    ["another cluster is to be left", { "cluster-2": { spread_s: 0 } }],
    ["it says nothing that can be read", { "cluster-1": { spread_s: "soon" } }],
  ])("it stays if %s", (_, clusters) => {
    const attendance = joined();
    attendance.take(move(clusters), 100);
    expect(kinds(attendance.take(TICK, 130))).toEqual([]);
    expect(attendance.isToLeave).toBe(false);
  });

  test("it stays if that is taken back in time", () => {
    const attendance = joined();
    attendance.take(move({ "cluster-1": { spread_s: 30 } }), 100);
    attendance.take(message("control/move", ""), 110);
    expect(kinds(attendance.take(TICK, 130))).toEqual([]);
  });
});

test("whoever slept past its lease asks again, and waits for the answer", () => {
  const attendance = joined();
  expect(kinds(attendance.take(TICK, 5000))).toEqual(["publish"]);
  expect(kinds(attendance.take(TICK, 5000.5))).toEqual([]);
});
