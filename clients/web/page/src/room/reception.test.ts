import { expect, test } from "vitest";
import { Reception } from "./reception";
import { frame, message } from "./samples";
import type { Happened } from "./steps";

const TOPIC = "relay/7/final/full";
const PULSE = message("control/pulse", { v: 1, epoch: "2026", sent_ms: 1 });
const LOST = { kind: "lost", reason: "closed" } as const;
const joined = (isMove = false): Happened => ({
  kind: "joined",
  assignment: {
    room: "final",
    profile: "full",
    cluster: "cluster-1",
    topic: TOPIC,
    leaseS: 300,
    spreadS: 1,
    error: "",
    help: "",
  },
  broker: { host: "one", wsPort: 1 },
  isMove,
});

function after(...happened: Happened[]): Reception {
  const reception = new Reception("final");
  for (const one of happened) reception.take(one, 1);
  return reception;
}

test("until the first pulse it is connecting, and not on the move", () => {
  const reception = after(joined());
  expect(reception.trust).toBe("connecting");
  expect(reception.isMoving).toBe(false);
});

test("from a lost broker to the next one's pulse it is on the move", () => {
  const reception = after(joined(), PULSE, LOST);
  expect(reception.isMoving).toBe(true);
  reception.take(joined(), 2);
  expect(reception.isMoving).toBe(true);
  reception.take(PULSE, 2);
  expect(reception.isMoving).toBe(false);
});

test("a move that kept the place before until then is not seen", () => {
  const reception = after(joined(), PULSE, message(TOPIC, frame()), joined(true));
  expect(reception.trust).toBe("live");
});

test("without a place to go to it is connecting, without an answer the server is away", () => {
  const noPlace = after(joined(), PULSE, LOST, {
    kind: "put off",
    label: "no_cluster",
    afterS: 0,
  });
  expect(noPlace.isMoving).toBe(false);
  expect(noPlace.isServerAway).toBe(false);
  const nobody = after(joined(), PULSE, LOST, {
    kind: "put off",
    label: "",
    afterS: 0,
  });
  expect(nobody.isServerAway).toBe(true);
});

test("a retained frame is shown, but is no sign that somebody reacts now", () => {
  const retained = message(TOPIC, frame(), { isRetained: true });
  const reception = after(joined(), PULSE, retained);
  expect(reception.frame).toEqual(frame());
  expect(reception.trust).toBe("quiet");
});

test("an empty frame leaves what is shown, since only the relay ends", () => {
  const reception = after(joined(), message(TOPIC, frame()), message(TOPIC, ""));
  expect(reception.frame).toEqual(frame());
});
