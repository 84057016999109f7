/** How much is going on, measured by this room itself: five people may be as lively as a stadium. */

const LITTLE = 20;
const FORGETS = 0.985;
const SINKS = 0.7;

interface Seen {
  readonly epoch: string;
  readonly window_start_ms: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly other: number;
}

export class Activity {
  #peak = LITTLE;
  #level = 0;
  #window = "";

  /** Return how lively this frame is, 0–1, against the liveliest of late. */
  of(frame: Seen): number {
    const window = `${frame.epoch} ${String(frame.window_start_ms)}`;
    if (window !== this.#window) {
      // A new window begins with little and fills: the one before tells what to expect.
      this.#level *= SINKS;
      this.#peak = Math.max(LITTLE, this.#peak * FORGETS);
    }
    this.#window = window;
    const count = Object.values(frame.counts).reduce(
      (all, one) => all + one,
      frame.other,
    );
    this.#level = Math.max(this.#level, count);
    this.#peak = Math.max(this.#peak, this.#level);
    return Math.log1p(this.#level) / Math.log1p(this.#peak);
  }
}
