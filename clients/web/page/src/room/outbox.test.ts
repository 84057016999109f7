import { beforeEach, describe, expect, test } from "vitest";
import { Outbox } from "./outbox";
import { MemoryStorage } from "./samples";
import { Shelf } from "./shelf";
import { Tabs } from "./tabs";

let storage: MemoryStorage;
let names: number;

beforeEach(() => {
  storage = new MemoryStorage();
  names = 0;
});

const newName = (): string => `name-${(names += 1)}`;

/** A page that was just opened: its outbox, its tab, and its shelf. */
function page(kept: MemoryStorage | null = storage) {
  const shelf = new Shelf(kept);
  const tabs = new Tabs(newName, shelf, null);
  tabs.live(0);
  return { shelf, tabs, outbox: new Outbox("final", "me", shelf, tabs, newName) };
}

function tapped(outbox: Outbox, count: number, atMs = 5): void {
  for (let at = 0; at < count; at += 1) outbox.add("❤️", atMs);
  outbox.gather(atMs);
}

test("taps become a batch in the form that the server reads", () => {
  const { outbox } = page();
  tapped(outbox, 2);
  expect(JSON.parse(outbox.next()?.body ?? "")).toEqual([
    { user_id: "me", emoji_type: "❤️", timestamp: 5 },
    { user_id: "me", emoji_type: "❤️", timestamp: 5 },
  ]);
});

test("a batch that was never tried grows, up to 500 taps", () => {
  const { outbox } = page();
  tapped(outbox, 499);
  tapped(outbox, 2);
  expect(outbox.next()?.size).toBe(500);
  expect(outbox.waiting).toBe(501);
});

test("a batch that was tried does not change any more", () => {
  const { outbox } = page();
  tapped(outbox, 2);
  const first = outbox.next();
  if (first) outbox.tried(first, 6);
  tapped(outbox, 3);
  expect(outbox.next()).toEqual({ ...first, triedMs: 6 });
  if (first) outbox.settle(first);
  expect(outbox.next()?.size).toBe(3);
});

test("a batch never has more bytes than a page that goes may send", () => {
  const { outbox } = page();
  for (let at = 0; at < 400; at += 1) outbox.add("👩🏽‍❤️‍💋‍👨🏿".repeat(7), 5);
  outbox.gather(5);
  const { body, size } = outbox.next() ?? { body: "", size: 0 };
  expect(new TextEncoder().encode(body).length).toBeLessThanOrEqual(60_000);
  expect(size).toBeLessThan(400);
  expect(outbox.waiting).toBe(400);
});

test("beyond 2000 taps that wait none is taken", () => {
  const { outbox } = page();
  tapped(outbox, 2000);
  expect(outbox.add("❤️", 5)).toBe(false);
  const first = outbox.next();
  if (first) outbox.settle(first);
  expect(outbox.add("❤️", 5)).toBe(true);
});

test.each([
  ["nothing", ""],
  ["what is no emoji by its length", "❤️".repeat(200)],
])("%s is not taken", (_, emoji) => {
  expect(page().outbox.add(emoji, 5)).toBe(false);
});

describe("after a reload", () => {
  test("the same bytes are there under the same key, and when they were tried", async () => {
    const before = page();
    tapped(before.outbox, 3);
    const batch = before.outbox.next();
    if (batch) before.outbox.tried(batch, 7);
    before.tabs.leave();
    const { outbox } = page();
    await outbox.adopt(8);
    const { key, body, size } = batch ?? {};
    expect(outbox.next()).toMatchObject({ key, body, size, triedMs: 7 });
  });

  test("so is a full batch, whatever it says", async () => {
    const before = page();
    for (let at = 0; at < 470; at += 1) before.outbox.add('"'.repeat(36), 5);
    before.outbox.gather(5);
    before.tabs.leave();
    const { outbox } = page();
    await outbox.adopt(8);
    expect(outbox.next()?.body.length).toBeGreaterThan(50_000);
  });

  test("what somebody wrote over is passed over and taken away", async () => {
    storage.setItem("emostream/outbox/final/gone/000001", "{");
    const { outbox } = page();
    await outbox.adopt(8);
    expect(outbox.next()).toBeNull();
    expect(storage.getItem("emostream/outbox/final/gone/000001")).toBeNull();
  });
});

describe("two tabs", () => {
  test("leave each other's batches alone while both live", async () => {
    const [one, other] = [page(), page()];
    tapped(one.outbox, 3);
    await other.outbox.adopt(9000);
    expect(other.outbox.next()).toBeNull();
  });

  test("one takes over what the other left when it died", async () => {
    const [one, other] = [page(), page()];
    tapped(one.outbox, 3);
    await other.outbox.adopt(10_001);
    expect(other.outbox.waiting).toBe(3);
  });

  test("one that only slept does not send what was taken over", async () => {
    const [sleeper, other] = [page(), page()];
    tapped(sleeper.outbox, 3);
    await other.outbox.adopt(10_001);
    tapped(sleeper.outbox, 1);
    expect(sleeper.outbox.waiting).toBe(1);
    expect(other.outbox.waiting).toBe(3);
    sleeper.tabs.live(10_002);
    await other.outbox.adopt(10_003);
    expect(other.outbox.waiting).toBe(3);
  });

  test("of another room are nobody's business", async () => {
    const [one, other] = [page(), page()];
    tapped(one.outbox, 3);
    const elsewhere = new Outbox("other", "me", other.shelf, other.tabs, newName);
    await elsewhere.adopt(10_001);
    expect(elsewhere.next()).toBeNull();
  });

  test("ask the browser who lives where it knows", async () => {
    const shelf = new Shelf(storage);
    const alive = new Tabs(newName, shelf, navigator.locks);
    alive.live(0);
    await new Promise((resolve) => setTimeout(resolve, 10));
    const judge = new Tabs(newName, shelf, navigator.locks);
    expect(await judge.dead([alive.own, "gone"], 10 ** 9)).toEqual(["gone"]);
    alive.leave();
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await judge.dead([alive.own], 0)).toEqual([alive.own]);
  });
});

describe("what waits too long", () => {
  const DAY_MS = 24 * 3600 * 1000;

  test("is lost after a day, if it was never tried", () => {
    const { outbox } = page();
    tapped(outbox, 3, 0);
    expect(outbox.expire(DAY_MS)).toBe(0);
    expect(outbox.expire(DAY_MS + 1)).toBe(3);
    expect(outbox.waiting).toBe(0);
  });

  test.each([
    ["long ago", 1000],
    ["in the future, since the clock was set back", 999_999],
  ])("is uncertain, if it was tried %s", (_, triedMs) => {
    const { outbox } = page();
    tapped(outbox, 3);
    const batch = outbox.next();
    if (batch) outbox.tried(batch, triedMs);
    expect(outbox.settleTriedBefore(1000, 41_000)).toBe(3);
  });
});

describe("without room in the browser", () => {
  test("taps are kept in memory, and that is told", () => {
    storage.roomFor = 100;
    const { outbox, shelf } = page();
    tapped(outbox, 3);
    expect(outbox.next()?.size).toBe(3);
    expect(shelf.isKept).toBe(false);
    const batch = outbox.next();
    if (batch) outbox.settle(batch);
    expect(shelf.isKept).toBe(true);
  });

  test("or without storage at all", () => {
    const { outbox, shelf } = page(null);
    tapped(outbox, 3);
    expect(outbox.waiting).toBe(3);
    expect(shelf.isKept).toBe(false);
  });

  test("what is cleared behind its back is sent all the same", () => {
    const { outbox } = page();
    tapped(outbox, 3);
    for (let name = storage.key(0); name; name = storage.key(0))
      storage.removeItem(name);
    expect(outbox.next()?.size).toBe(3);
  });
});
