/** Which emoji have still to rise for a frame, and when: pure, the canvas is in `flight.ts`. */

const OWN_FOR_MS = 8000;
const STARTS_PER_MS = 0.055;
const BURST_MAX = 110;
const LABEL_MAX_CHARS = 16;

export interface Launch {
  readonly emoji: string;
  /** From now. */
  readonly inMs: number;
}

interface Seen {
  readonly epoch: string;
  readonly window_start_ms: number;
  readonly scaled: Readonly<Record<string, number>>;
}

/**
 * Remembers what has risen for the newest window. A window's frame comes several times
 * while it fills, so that only what is more than before rises. A tap of one's own has risen
 * at once: the same emoji in a frame soon after is that tap, and does not rise again.
 */
export class Launches {
  #window = "";
  readonly #risen = new Map<string, number>();
  readonly #own: { readonly emoji: string; readonly untilMs: number }[] = [];

  /** Somebody has tapped here. */
  tapped(emoji: string, nowMs: number): void {
    this.#own.push({ emoji, untilMs: nowMs + OWN_FOR_MS });
  }

  /** Return how many of each emoji have still to rise. */
  due(frame: Seen, nowMs: number): ReadonlyMap<string, number> {
    const window = `${frame.epoch} ${String(frame.window_start_ms)}`;
    if (window !== this.#window) this.#risen.clear();
    this.#window = window;
    const due = new Map<string, number>();
    for (const [emoji, count] of Object.entries(frame.scaled)) {
      if (emoji.length > LABEL_MAX_CHARS) continue;
      const more = count - (this.#risen.get(emoji) ?? 0);
      if (more <= 0) continue;
      this.#risen.set(emoji, count);
      const left = more - this.#takeOwn(emoji, more, nowMs);
      if (left > 0) due.set(emoji, left);
    }
    return due;
  }

  #takeOwn(emoji: string, most: number, nowMs: number): number {
    let taken = 0;
    for (let i = this.#own.length - 1; i >= 0; i--) {
      const tap = this.#own[i];
      if (!tap) continue;
      const isTaken = tap.emoji === emoji && taken < most && tap.untilMs > nowMs;
      if (isTaken) taken++;
      if (isTaken || tap.untilMs <= nowMs) this.#own.splice(i, 1);
    }
    return taken;
  }
}

/**
 * How many may start now: so many a second that about as many fly as may. Else one frame
 * would take all places, and the next ones none until it has landed.
 */
export class Pace {
  #budget = BURST_MAX;
  #lastMs = 0;

  /** Return how many of `free` places may be taken now. */
  slots(free: number, nowMs: number): number {
    this.#budget = Math.min(
      BURST_MAX,
      this.#budget + (nowMs - this.#lastMs) * STARTS_PER_MS,
    );
    this.#lastMs = nowMs;
    return Math.min(free, Math.floor(this.#budget));
  }

  /** So many have been started. */
  took(count: number): void {
    this.#budget -= count;
  }
}

/** Cut what is due to at most `slots`, in proportion, and each kind once for as long as there are slots. */
export function cut(
  due: ReadonlyMap<string, number>,
  slots: number,
): ReadonlyMap<string, number> {
  const kinds = [...due].sort(([, one], [, other]) => other - one);
  const sum = kinds.reduce((all, [, count]) => all + count, 0);
  if (sum <= slots) return due;
  const kept = new Map<string, number>();
  let left = slots;
  for (const [emoji, count] of kinds) {
    const some = Math.min(left, Math.max(1, Math.floor((count * slots) / sum)));
    if (some > 0) kept.set(emoji, some);
    left -= some;
  }
  return kept;
}

/** Spread each kind evenly over the window, jittered within its share of it, so that nothing rises in step. */
export function spread(
  due: ReadonlyMap<string, number>,
  windowMs: number,
  random: () => number,
): readonly Launch[] {
  const launches: Launch[] = [];
  for (const [emoji, count] of due) {
    for (let i = 0; i < count; i++)
      launches.push({ emoji, inMs: ((i + random()) / count) * windowMs });
  }
  return launches;
}
