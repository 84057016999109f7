import { beforeEach, expect, test } from "vitest";
import type { Fate } from "./fate";
import { type Batch, Outbox } from "./outbox";
import { MemoryStorage } from "./samples";
import { Sending } from "./sending";
import { Shelf } from "./shelf";
import { Tabs } from "./tabs";
import { Counting } from "./tally";

const NOBODY: Fate = {
  kind: "again",
  afterS: 0,
  isMaybeStored: true,
  isReached: false,
};
const UNKNOWN: Fate = { ...NOBODY, isReached: true };
const NOT_STORED: Fate = { ...UNKNOWN, isMaybeStored: false };
const CLOSED: Fate = { kind: "refused", problem: { label: "room_closed", help: "" } };
const stored = (count: number): Fate => ({
  kind: "accepted",
  count,
  rejected: new Map(),
});

/** A server and a browser whose clock runs only while something is waited for. */
class World {
  nowMs = 1_000_000;
  names = 0;
  isAlive = true;
  probes = 0;
  readonly posts: (Batch & { atMs: number })[] = [];
  readonly waits: number[] = [];
  readonly counting = new Counting();
  readonly outbox: Outbox;
  readonly sending: Sending;
  /** What the server says, one time after the other; the last for ever. */
  fates: Fate[] = [stored(1)];

  constructor() {
    const newName = (): string => `name-${(this.names += 1)}`;
    const shelf = new Shelf(new MemoryStorage());
    const tabs = new Tabs(newName, shelf, null);
    this.outbox = new Outbox("final", "me", shelf, tabs, newName);
    this.sending = new Sending({
      outbox: this.outbox,
      counting: this.counting,
      post: (batch) => this.#post(batch),
      probe: () => Promise.resolve(this.#probe()),
      wait: (ms) => this.#wait(ms),
      nowMs: () => this.nowMs,
      draw: () => 0.5,
      changed: () => undefined,
    });
  }

  /** Lets so much time pass. */
  async run(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms;
    this.#end = untilMs;
    this.#ending = new AbortController();
    await this.sending.run(this.#ending.signal);
  }

  tap(count: number): void {
    for (let at = 0; at < count; at += 1) this.outbox.add("❤️", this.nowMs);
    this.outbox.gather(this.nowMs);
  }

  #end = 0;
  #ending = new AbortController();

  #post(batch: Batch): Promise<Fate> {
    this.posts.push({ ...batch, atMs: this.nowMs });
    const fate = this.fates.length > 1 ? this.fates.shift() : this.fates[0];
    return Promise.resolve(fate ?? NOBODY);
  }

  #probe(): boolean {
    this.probes += 1;
    return this.isAlive;
  }

  #wait(ms: number): Promise<void> {
    this.waits.push(ms);
    this.nowMs += Math.max(1, ms);
    if (this.nowMs >= this.#end) this.#ending.abort();
    return Promise.resolve();
  }
}

let world: World;

beforeEach(() => {
  world = new World();
});

test("a batch that is stored counts once, and is forgotten", async () => {
  world.fates = [stored(3)];
  world.tap(3);
  await world.run(1000);
  expect(world.posts).toHaveLength(1);
  expect(world.counting.accepted).toBe(3);
  expect(world.outbox.waiting).toBe(0);
});

test("a batch without a certain answer is repeated, the same bytes and key", async () => {
  world.fates = [UNKNOWN, UNKNOWN, stored(3)];
  world.tap(3);
  await world.run(5000);
  const [first] = world.posts;
  expect(world.posts).toHaveLength(3);
  for (const { key, body } of world.posts)
    expect({ key, body }).toEqual({ key: first?.key, body: first?.body });
  expect(world.counting.accepted).toBe(3);
});

test("it is repeated until 40 s after its first try, and then unknown", async () => {
  world.fates = [UNKNOWN];
  world.tap(3);
  await world.run(60_000);
  const last = world.posts.at(-1)?.atMs ?? 0;
  expect(last - 1_000_000).toBeLessThanOrEqual(40_000);
  expect(world.counting.unknown).toBe(3);
  expect(world.outbox.waiting).toBe(0);
});

test("a batch that is certainly not stored waits on, and is never unknown", async () => {
  world.fates = [NOT_STORED];
  world.tap(3);
  await world.run(120_000);
  expect(world.counting.unknown).toBe(0);
  world.fates = [stored(3)];
  await world.run(60_000);
  expect(world.counting.accepted).toBe(3);
});

test("but one that may be stored since an earlier try ends after 40 s", async () => {
  world.fates = [UNKNOWN, NOT_STORED];
  world.tap(3);
  await world.run(60_000);
  expect(world.counting.unknown).toBe(3);
});

test("a refusal is told and not repeated", async () => {
  world.fates = [CLOSED];
  world.tap(3);
  await world.run(20_000);
  expect(world.posts).toHaveLength(1);
  expect(world.counting.refused).toBe(3);
  expect(world.counting.lastRefusal?.label).toBe("room_closed");
});

test("a refusal after a try that may be stored is unknown", async () => {
  world.fates = [UNKNOWN, CLOSED];
  world.tap(3);
  await world.run(20_000);
  expect(world.counting.unknown).toBe(3);
  expect(world.counting.refused).toBe(0);
});

test("while nobody answers nothing new is tried, and then all of it", async () => {
  world.fates = [NOBODY, stored(1)];
  world.isAlive = false;
  world.tap(1);
  await world.run(10_000);
  world.tap(4);
  await world.run(600_000);
  expect(world.posts).toHaveLength(1);
  expect(world.sending.isReached).toBe(false);
  expect(world.counting.unknown).toBe(1);
  world.isAlive = true;
  world.fates = [stored(4)];
  await world.run(6000);
  expect(world.counting.accepted).toBe(4);
  expect(world.sending.isReached).toBe(true);
});

test("it asks whether anybody is there every few seconds, not more often", async () => {
  world.fates = [NOBODY];
  world.isAlive = false;
  world.tap(1);
  await world.run(100_000);
  expect(world.probes).toBeGreaterThan(30);
  expect(world.probes).toBeLessThan(50);
});

test("offline from the start, not even one batch is uncertain", async () => {
  world.isAlive = false;
  world.sending.doubt();
  world.tap(3);
  await world.run(3_600_000);
  expect(world.posts).toHaveLength(0);
  world.isAlive = true;
  world.sending.doubt();
  world.fates = [stored(3)];
  await world.run(1000);
  expect(world.counting).toMatchObject({ accepted: 3, unknown: 0 });
});

test("a server that wants to be left alone is, also by hurried taps", async () => {
  world.fates = [{ ...NOT_STORED, afterS: 20 }, stored(1)];
  world.tap(1);
  await world.run(50_000);
  const [first, second] = world.posts;
  expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(20_000);
});

test("a batch is marked as tried before it goes out", async () => {
  world.fates = [UNKNOWN];
  world.tap(1);
  await world.run(1);
  expect(world.outbox.next()?.triedMs).toBe(1_000_000);
});

test("taps that nobody could send for a day are told as refused", async () => {
  world.isAlive = false;
  world.sending.doubt();
  world.tap(2);
  await world.run(25 * 3600 * 1000);
  expect(world.counting.refused).toBe(2);
  expect(world.counting.lastRefusal?.label).toBe("too_old");
});
