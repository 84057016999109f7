/** What a host wants of a room, as steps from the state that it has; and the difference in words. */

import type { Wish } from "../../room/host";

/** One thing that a host does. It is applied to the newest state, so that it changes nothing else. */
export interface Step {
  /** "close the room": what it does, for a question. */
  readonly words: string;
  readonly apply: (state: Wish) => Wish;
}

export const OPEN: Step = {
  words: "open the room",
  apply: (state) => ({ ...state, open: true }),
};
export const CLOSE: Step = {
  words: "close the room",
  apply: (state) => ({ ...state, open: false }),
};

export function mute(emoji: string): Step {
  return {
    words: `mute ${emoji}`,
    apply: (state) => ({
      ...state,
      muted: [...state.muted.filter((one) => one !== emoji), emoji],
    }),
  };
}

export function unmute(emoji: string): Step {
  return {
    words: `unmute ${emoji}`,
    apply: (state) => ({ ...state, muted: state.muted.filter((one) => one !== emoji) }),
  };
}

/** Offer these in this order; null: any emoji. */
export function offer(emoji: readonly string[] | null): Step {
  return {
    words: emoji ? `offer ${emoji.join(" ")}` : "allow any emoji",
    apply: (state) => ({ ...state, emoji }),
  };
}

/** Put the one at `place` to another place; nothing changes at the ends. */
export function moved(
  emoji: readonly string[],
  place: number,
  by: number,
): readonly string[] {
  const to = place + by;
  const one = emoji[place];
  if (one === undefined || to < 0) return emoji;
  const others = emoji.filter((_, index) => index !== place);
  return [...others.slice(0, to), one, ...others.slice(to)];
}

/** Say what was done from one state to the next: "closed the room and muted 😂". */
export function changeWords(before: Wish, after: Wish): string {
  const words: string[] = [];
  if (before.open !== after.open)
    words.push(after.open ? "opened the room" : "closed the room");
  words.push(...offerWords(before.emoji, after.emoji));
  words.push(...listed("muted", added(before.muted, after.muted)));
  words.push(...listed("unmuted", added(after.muted, before.muted)));
  return joined(words) || "changed nothing";
}

function offerWords(before: Wish["emoji"], after: Wish["emoji"]): string[] {
  if (!after) return before ? ["allowed any emoji"] : [];
  if (!before) return [`offered ${after.join(" ")}`];
  const more = listed("added", added(before, after));
  const less = listed("removed", added(after, before));
  if (more.length + less.length > 0) return [...more, ...less];
  return before.join(" ") === after.join(" ") ? [] : ["changed the order"];
}

function added(before: readonly string[], after: readonly string[]): readonly string[] {
  return after.filter((one) => !before.includes(one));
}

function listed(verb: string, emoji: readonly string[]): string[] {
  return emoji.length > 0 ? [`${verb} ${emoji.join(" ")}`] : [];
}

function joined(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length > 1 ? `${words.slice(0, -1).join(", ")} and ${last}` : last;
}
