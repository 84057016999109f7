/** What somebody typed or pasted, as emoji: any of them, or shortcodes, which the server knows. */

const GRAPHEMES = new Intl.Segmenter("en", { granularity: "grapheme" });
const SHORTCODE = /:[\w+\-’'.&]+:/gu;
const EMOJI = /\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3/u;

export interface Typed {
  readonly emoji: readonly string[];
  /** What is none, as it was typed. */
  readonly others: readonly string[];
}

/** Take text apart: "🔥 :heart:,😂x" has three emoji and an "x". */
export function typedEmoji(text: string): Typed {
  const emoji: string[] = [];
  const others: string[] = [];
  let at = 0;
  const take = (plain: string): void => {
    for (const { segment } of GRAPHEMES.segment(plain)) {
      if (/^[\s,;]+$/u.test(segment)) continue;
      (EMOJI.test(segment) ? emoji : others).push(segment);
    }
  };
  for (const match of text.matchAll(SHORTCODE)) {
    take(text.slice(at, match.index));
    emoji.push(match[0]);
    at = match.index + match[0].length;
  }
  take(text.slice(at));
  return { emoji: [...new Set(emoji)], others };
}
