/** What became of this page's taps. */

import type { Accepted } from "./fate";
import { helpFor } from "./fate";
import type { Problem } from "./steps";

/** In taps; those of tabs that are gone count where they were taken over. */
export interface Tally {
  readonly waiting: number;
  readonly accepted: number;
  readonly refused: number;
  /** May be counted or not: there was no certain answer in time. */
  readonly unknown: number;
  readonly lastRefusal: Problem | null;
  /** Whether what waits outlives a reload: the browser lets us keep it. */
  readonly isKept: boolean;
}

/** Counts fates. */
export class Counting {
  accepted = 0;
  refused = 0;
  unknown = 0;
  lastRefusal: Problem | null = null;

  accept({ count, rejected }: Accepted): void {
    this.accepted += count;
    for (const [label, times] of rejected)
      this.refuse(times, { label, help: helpFor(label) });
  }

  refuse(size: number, problem: Problem): void {
    this.refused += size;
    this.lastRefusal = problem;
  }
}
