/** The ranked list: what the room has reacted with in all, and how much of it is now. */

import type { Shares } from "./mood";

export interface Row {
  readonly emoji: string;
  /** Share of the newest window, 0–1; 0 where nobody reacts now. */
  readonly share: number;
  /** Since the room's first reaction. */
  readonly total: number;
}

interface Counted {
  readonly share: Shares;
  readonly totals: Readonly<Record<string, number>>;
}

/** Return at most `rowsMax` emoji, the largest total first; ties keep the frame's order. */
export function ranked(
  frame: Counted | null,
  isNow: boolean,
  rowsMax: number,
): readonly Row[] {
  if (!frame) return [];
  return Object.entries(frame.totals)
    .map(([emoji, total]) => ({
      emoji,
      total,
      share: isNow ? (frame.share[emoji] ?? 0) : 0,
    }))
    .sort((one, other) => other.total - one.total)
    .slice(0, rowsMax);
}
