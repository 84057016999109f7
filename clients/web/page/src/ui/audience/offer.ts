/** What may be tapped: the offered emoji in the host's order, and why one of them may not. */

import type { RoomState } from "../../room/state";
import { DEFAULT_PALETTE } from "../shared/emoji-names";

export interface Offered {
  readonly emoji: string;
  /** One sentence for who taps it all the same; null where it may be tapped. */
  readonly refusal: string | null;
}

/** A muted emoji keeps its place, so that nothing moves under a thumb. */
export function offered(
  state: Pick<RoomState, "open" | "emoji" | "muted">,
): readonly Offered[] {
  const muted = new Set(state.muted);
  return (state.emoji ?? DEFAULT_PALETTE).map((emoji) => ({
    emoji,
    refusal: refusal(state.open, muted.has(emoji), emoji),
  }));
}

/** Return how many buttons stand beside each other on a narrow screen. */
export function columns(count: number): number {
  if (count <= 5) return Math.max(1, count);
  if (count <= 8) return 4;
  return count <= 10 ? 5 : 6;
}

function refusal(isOpen: boolean, isMuted: boolean, emoji: string): string | null {
  if (!isOpen) return "The room is closed.";
  return isMuted ? `The host has muted ${emoji} for now.` : null;
}
