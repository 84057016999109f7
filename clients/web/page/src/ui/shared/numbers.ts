/** Numbers as people read them. */

const WHOLE = new Intl.NumberFormat("en");
const SHORT = new Intl.NumberFormat("en", {
  notation: "compact",
  maximumFractionDigits: 1,
});

/** 1234567 → "1,234,567". */
export function whole(count: number): string {
  return WHOLE.format(Math.round(count));
}

/** 12345678 → "12.3M", and whole below ten millions: for a narrow column. */
export function short(count: number): string {
  return count < 10_000_000 ? whole(count) : SHORT.format(count);
}

/** 0.342 → "34 %"; a little is "<1 %", and nothing is nothing. */
export function percent(share: number): string {
  if (share <= 0) return "";
  return share < 0.01 ? "<1 %" : `${String(Math.round(share * 100))} %`;
}

/** "1 tap", "12 taps". */
export function plural(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${whole(count)} ${noun}s`;
}

/** "1 tap waits", "12 taps wait": `verb` is the plural's. */
export function counted(count: number, noun: string, verb: string): string {
  return `${plural(count, noun)} ${count === 1 ? `${verb}s` : verb}`;
}
