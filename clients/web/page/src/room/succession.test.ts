import { describe, expect, test } from "vitest";
import { assignment, frame, message, place } from "./samples";
import type { Happened } from "./steps";
import { type Step, Succession } from "./succession";

const TOPIC = "relay/7/final/full";
const CONNECTED = { kind: "connected" } as const;
const TICK = { kind: "tick" } as const;
const ASKED = message("control/move", { clusters: { "cluster-1": { spread_s: 0 } } });

const framed = (seq: number, isRetained = false): Happened =>
  message(TOPIC, frame({ seq }), { isRetained });

/** What is done on which leg, and what is told. */
function words(steps: readonly Step[]): string[] {
  return steps.map((step) =>
    step.kind === "do"
      ? `${step.todo.leg} ${step.todo.action.kind}`
      : `told ${step.happened.kind}`,
  );
}

function take(succession: Succession, leg: number, what: Happened, nowS: number) {
  return words(succession.take(leg, what, nowS));
}

/** Served at cluster-1, asked to leave it, and joined at cluster-2 at 20 s. */
function between(): Succession {
  const succession = new Succession("final", () => 0);
  take(succession, 0, TICK, 0);
  take(succession, 0, place("a"), 0);
  take(succession, 0, CONNECTED, 0);
  take(succession, 0, assignment("a"), 0);
  take(succession, 0, framed(8), 1);
  take(succession, 0, ASKED, 10);
  take(succession, 0, TICK, 10);
  take(succession, 1, TICK, 10);
  take(succession, 1, place("b"), 11);
  take(succession, 1, CONNECTED, 12);
  take(succession, 1, assignment("b", "cluster-2"), 20);
  return succession;
}

test("it joins elsewhere while it is still served, and tells nothing of that", () => {
  const succession = between();
  expect(succession.legs).toEqual([0, 1]);
  expect(take(succession, 0, framed(9), 21)).toEqual(["told message"]);
  expect(take(succession, 1, framed(11), 21)).toEqual([]);
});

test("it leaves the first place when that has brought what the next began with", () => {
  const succession = between();
  take(succession, 1, framed(10), 21);
  expect(take(succession, 0, framed(9), 21)).toEqual(["told message"]);
  expect(take(succession, 0, framed(10), 22)).toEqual([
    "told message",
    "told joined",
    "told message", // its answer
    "told message", // and the frame that came before
    "0 disconnect",
  ]);
  expect(succession.legs).toEqual([1]);
  expect(take(succession, 1, framed(11), 23)).toEqual(["told message"]);
});

test("what was left retained there by somebody before does not count", () => {
  const succession = between();
  take(succession, 1, framed(5, true), 21);
  expect(succession.legs).toEqual([0, 1]);
});

test("in a quiet room it leaves three seconds after the next place could tell", () => {
  const succession = between();
  take(succession, 1, { kind: "caught up", topic: TOPIC }, 21);
  expect(take(succession, 1, TICK, 23.9)).toEqual([]);
  expect(take(succession, 1, TICK, 24)).toEqual([
    "told joined",
    "told message",
    "0 disconnect",
  ]);
});

test("as long as the first place alone brings frames, it stays at both", () => {
  const succession = between();
  take(succession, 1, { kind: "caught up", topic: TOPIC }, 21);
  for (const seq of [9, 10, 11]) take(succession, 0, framed(seq), 14 + seq);
  expect(take(succession, 1, TICK, 27)).toEqual([]);
  expect(succession.legs).toEqual([0, 1]);
});

test("if that is taken back before it has joined elsewhere, it stays", () => {
  const succession = new Succession("final", () => 0);
  for (const what of [TICK, place("a"), CONNECTED, assignment("a"), ASKED, TICK])
    take(succession, 0, what, 1);
  take(succession, 1, TICK, 1);
  expect(take(succession, 0, message("control/move", ""), 2)).toContain("1 disconnect");
  expect(succession.legs).toEqual([0]);
});

describe("when the first place dies meanwhile", () => {
  test("the next serves at once if it has joined", () => {
    const succession = between();
    take(succession, 1, framed(30), 21);
    const told = take(succession, 0, { kind: "lost", reason: "closed" }, 22);
    expect(told).toEqual([
      "0 disconnect",
      "told joined",
      "told message", // its answer
      "told message", // and the frame that came before
    ]);
    expect(succession.legs).toEqual([1]);
  });

  test("the next goes on alone if it has not", () => {
    const succession = new Succession("final", () => 0);
    for (const what of [TICK, place("a"), CONNECTED, assignment("a"), ASKED, TICK])
      take(succession, 0, what, 1);
    const told = take(succession, 0, { kind: "lost", reason: "closed" }, 2);
    expect(told).toEqual(["0 disconnect", "told lost"]);
    expect(succession.legs).toEqual([1]);
  });
});

test("if the next place takes no such client, it stays where it is served", () => {
  const succession = new Succession("final", () => 0);
  for (const what of [TICK, place("a"), CONNECTED, assignment("a"), ASKED, TICK])
    take(succession, 0, what, 1);
  for (const what of [TICK, place("b"), CONNECTED]) take(succession, 1, what, 2);
  const bad = message("clients/b/assignment", { error: "bad_room", help: "" });
  expect(take(succession, 1, bad, 3)).toEqual([]);
  expect(succession.legs).toEqual([0, 1]);
});

test("what an ended leg still says is passed over", () => {
  expect(take(between(), 7, framed(9), 30)).toEqual([]);
});
