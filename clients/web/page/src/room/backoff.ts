/** How long to wait before the next try: full jitter, ever longer. */

const DOUBLINGS_MAX = 16;

/** Waits in whatever unit it is made with. */
export class Backoff {
  readonly #first: number;
  readonly #max: number;
  readonly #draw: () => number;
  #failures = 0;

  /** @param draw Returns a random number between 0 and 1. */
  constructor(first: number, max: number, draw: () => number) {
    this.#first = first;
    this.#max = max;
    this.#draw = draw;
  }

  /** Returns a random part of a wait that doubles from one time to the next. */
  next(): number {
    const longest = Math.min(this.#max, this.#first * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, DOUBLINGS_MAX);
    return longest * this.#draw();
  }

  /** It went well: the next wait is short again. */
  reset(): void {
    this.#failures = 0;
  }
}
