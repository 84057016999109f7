/** The room's mood: in words, and as a colour. What counts as which mood is the stream's business. */

export const MOODS = ["joy", "love", "surprise", "sadness", "anger"] as const;
export type Mood = (typeof MOODS)[number];
export type Shares = Readonly<Record<string, number>>;
export type Theme = "light" | "dark";

/** A colour in OKLCH: `l` and `c` as fractions, `h` in degrees. */
export interface Tint {
  readonly l: number;
  readonly c: number;
  readonly h: number;
}

/* Some 50 degrees apart, also for who sees few colours; words always say the same. Light
   enough under dark words, dark enough under light ones: 4.5 to 1 at least. */
const TINTS: Readonly<Record<Theme, Readonly<Record<Mood, Tint>>>> = {
  light: {
    joy: { l: 0.9, c: 0.1, h: 86 },
    love: { l: 0.84, c: 0.095, h: 6 },
    surprise: { l: 0.85, c: 0.085, h: 302 },
    sadness: { l: 0.86, c: 0.07, h: 245 },
    anger: { l: 0.81, c: 0.115, h: 38 },
  },
  dark: {
    joy: { l: 0.48, c: 0.1, h: 76 },
    love: { l: 0.4, c: 0.115, h: 6 },
    surprise: { l: 0.4, c: 0.13, h: 302 },
    sadness: { l: 0.4, c: 0.095, h: 250 },
    anger: { l: 0.42, c: 0.13, h: 34 },
  },
};
const STILL: Readonly<Record<Theme, Tint>> = {
  light: { l: 0.945, c: 0.009, h: 80 },
  dark: { l: 0.25, c: 0.008, h: 70 },
};

/** The page's ground, as `--ground` in base.css: the field fades into it. */
export const GROUND: Readonly<Record<Theme, Tint>> = {
  light: { l: 0.982, c: 0.006, h: 85 },
  dark: { l: 0.17, c: 0.008, h: 70 },
};

const MENTIONED_SHARE = 0.1;
const ALMOST_ALL = 0.85;
const LEADING = 0.35;
const CLOSE = 0.12;

/** Return the moods that are felt, strongest first; "other" is none. */
export function felt(shares: Shares): readonly (readonly [Mood, number])[] {
  return MOODS.map((mood) => [mood, shares[mood] ?? 0] as const)
    .filter(([, share]) => share > 0)
    .sort(([, one], [, other]) => other - one);
}

/** Say the mood in a plain sentence without a full stop: "Mostly love, some joy". */
export function moodWords(shares: Shares): string {
  const [first, second] = felt(shares);
  if (!first || first[1] < MENTIONED_SHARE) return "No mood to speak of";
  const [mood, share] = first;
  if (share >= ALMOST_ALL) return `Almost all ${mood}`;
  const next = second && second[1] >= MENTIONED_SHARE ? second : null;
  if (next && share - next[1] <= CLOSE && share >= LEADING)
    return capital(`${mood} and ${next[0]}`);
  if (share < LEADING) return "A bit of everything";
  const lead = share >= 0.5 ? `Mostly ${mood}` : `Much ${mood}`;
  return next ? `${lead}, some ${next[0]}` : lead;
}

/** Return the colours of the field: its middle and its rim. Nothing felt: nearly no colour. */
export function tints(shares: Shares, theme: Theme): readonly [Tint, Tint] {
  const [first, second] = felt(shares);
  if (!first || first[1] < MENTIONED_SHARE) return [STILL[theme], STILL[theme]];
  const middle = TINTS[theme][first[0]];
  return [
    middle,
    second && second[1] >= MENTIONED_SHARE ? TINTS[theme][second[0]] : middle,
  ];
}

function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
