import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Audience } from "./audience";
import { awakeClock } from "./clock";
import type { Frame } from "./frame";
import { opening } from "./link";
import { Broker, hasMosquitto } from "./mosquitto";
import { Reception } from "./reception";
import { frame } from "./samples";
import type { Problem } from "./steps";

const WITHIN = { timeout: 20_000, interval: 20 };

/** A page that is in the audience, and what it has shown. */
class Page {
  readonly reception = new Reception("final");
  readonly seqs: number[] = [];
  readonly clusters: (string | null)[] = [];
  readonly problems: Problem[] = [];
  readonly audience: Audience;
  #places = 0;

  constructor(brokers: () => readonly Broker[], isHidden = () => false) {
    this.audience = new Audience({
      room: "final",
      isSecure: false,
      register: () =>
        Promise.resolve({
          kind: "placed",
          place: {
            clientId: `page-${(this.#places += 1)}`,
            brokers: brokers().map(({ wsPort }) => ({ host: "127.0.0.1", wsPort })),
            spreadS: 0,
          },
        }),
      open: opening(isHidden),
      clock: awakeClock(),
      draw: () => 0,
      hear: (happened, nowS) => {
        this.reception.take(happened, nowS);
        this.#note(this.reception.frame);
      },
      end: (problem) => this.problems.push(problem),
    });
    this.audience.start();
  }

  #note(newest: Frame | null): void {
    const { cluster } = this.reception;
    if (cluster !== this.clusters.at(-1)) this.clusters.push(cluster);
    if (newest && newest.seq !== this.seqs.at(-1)) this.seqs.push(newest.seq);
  }
}

describe.skipIf(!hasMosquitto)(
  "with brokers that are there",
  { timeout: 60_000 },
  () => {
    let one: Broker;
    let two: Broker;
    const pages: Page[] = [];

    const opened = (...parts: ConstructorParameters<typeof Page>): Page => {
      const page = new Page(...parts);
      pages.push(page);
      return page;
    };
    const joined = (page: Page, broker: Broker) =>
      vi.waitFor(() => expect(page.reception.cluster).toBe(broker.cluster), WITHIN);

    beforeEach(async () => {
      [one, two] = await Promise.all([
        Broker.start("cluster-1"),
        Broker.start("cluster-2"),
      ]);
    });

    afterEach(() => {
      for (const page of pages.splice(0)) page.audience.stop();
      for (const broker of [one, two]) broker.kill();
    });

    test("a page joins, is told the state and the frames, and takes leave", async () => {
      one.retain("rooms/final/state", {
        v: 1,
        room: "final",
        version: 3,
        open: false,
        emoji: null,
        muted: [],
        changed_ms: 5,
      });
      one.relay(frame({ seq: 8 }));
      const page = opened(() => [one, two]);
      await vi.waitFor(() => expect(page.seqs).toEqual([8]), WITHIN);
      await vi.waitFor(() => expect(page.reception.state.open).toBe(false), WITHIN);
      expect(page.reception.trust).toBe("connecting");
      one.pulse();
      await vi.waitFor(() => expect(page.reception.trust).toBe("quiet"), WITHIN);
      one.relay(frame({ seq: 9 }));
      await vi.waitFor(() => expect(page.reception.trust).toBe("live"), WITHIN);
      page.audience.stop();
      await vi.waitFor(() => expect(one.wishes).toContain("page-1 leave"), WITHIN);
    });

    test("a page whose broker is killed goes on at the next", async () => {
      const page = opened(() => [one, two]);
      await joined(page, one);
      one.kill();
      await joined(page, two);
      two.relay(frame({ seq: 9 }));
      await vi.waitFor(() => expect(page.seqs).toEqual([9]), WITHIN);
      expect(page.clusters).toEqual([null, "cluster-1", null, "cluster-2"]);
    });

    test("a page whose brokers are all gone comes back when there is one", async () => {
      let brokers = [one];
      const page = opened(() => brokers);
      await joined(page, one);
      one.kill();
      await vi.waitFor(() => expect(page.reception.cluster).toBeNull(), WITHIN);
      brokers = [two];
      await joined(page, two);
    });

    test("a page that is asked to move misses no frame and is never without", async () => {
      let brokers = [one];
      const page = opened(() => brokers);
      await joined(page, one);
      brokers = [two];
      one.retain("control/move", { clusters: { "cluster-1": { spread_s: 0 } } });
      await vi.waitFor(() => expect(two.wishes).toContain("page-2 join"), WITHIN);
      for (let seq = 10; page.reception.cluster !== "cluster-2"; seq += 1) {
        for (const broker of [one, two]) broker.relay(frame({ seq }));
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const last = page.seqs.at(-1) ?? 0;
      expect(page.seqs).toEqual(Array.from({ length: last - 9 }, (_, at) => at + 10));
      expect(page.clusters).toEqual([null, "cluster-1", "cluster-2"]);
      await vi.waitFor(() => expect(one.wishes).toContain("page-1 leave"), WITHIN);
    });

    test("a hidden page, whose timers sleep, pings when it hears something", async () => {
      const page = opened(
        () => [one],
        () => true,
      );
      await joined(page, one);
      one.pulse();
      // By its timers it would ping after 10 s.
      const soon = { timeout: 5000, interval: 20 };
      await vi.waitFor(() => expect(one.log).toContain("PINGREQ from page-1"), soon);
    });

    test("a broker that answers no ping after a sleep is left for a new place", async () => {
      let brokers = [one, two];
      const page = opened(() => brokers);
      await joined(page, one);
      brokers = [two];
      one.freeze();
      await vi.waitFor(() => {
        page.audience.wake();
        expect(page.reception.cluster).toBeNull();
      }, WITHIN);
      await joined(page, two);
      // Whoever only lost its broker keeps its name for the next one.
      expect(two.wishes).toEqual(["page-2 join"]);
    });
  },
);
