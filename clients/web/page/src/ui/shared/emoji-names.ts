/** Names for buttons: browsers have no table of emoji names, so those of the usual ones are here. */

/** What a page offers where the host has chosen nothing. */
export const DEFAULT_PALETTE: readonly string[] = [
  "❤️",
  "😂",
  "👏",
  "🔥",
  "🎉",
  "😮",
  "😢",
  "👎",
];

const NAMES: Readonly<Record<string, string>> = {
  "❤️": "Heart",
  "😂": "Tears of joy",
  "👏": "Applause",
  "🔥": "Fire",
  "🎉": "Party",
  "😮": "Astonished",
  "😢": "Crying",
  "👎": "Thumbs down",
  "👍": "Thumbs up",
  "😍": "Heart eyes",
  "🤣": "Rolling on the floor laughing",
  "😭": "Sobbing",
  "😡": "Angry",
  "🤯": "Mind blown",
  "🙌": "Raised hands",
  "💯": "Hundred points",
  "🚀": "Rocket",
  "👀": "Eyes",
  "🤔": "Thinking",
  "⚽": "Football",
  "🥳": "Celebrating",
  "💔": "Broken heart",
  "✨": "Sparkles",
  "🙏": "Thank you",
};

/** Return a name that a screen reader can say; an unknown one is left to the reader's own table. */
export function nameOf(emoji: string): string {
  return NAMES[emoji] ?? `emoji ${emoji}`;
}
