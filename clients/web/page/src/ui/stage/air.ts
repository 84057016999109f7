/** The air in which emoji fly, as the page and the flight speak of it. */

/** So many fly at most, those that wait for their start included. */
export const IN_THE_AIR_MAX = 300;

/** Where emoji start and how far they rise from the floor, in fractions of the canvas; and how large they are. */
export interface Air {
  readonly left: number;
  readonly right: number;
  readonly floor: number;
  readonly rise: number;
  readonly size: number;
  /** Where words stand: what passes behind them is fainter. */
  readonly words: readonly Words[];
}

/** A box of words, by its middle and half its size, in fractions of the canvas. */
export interface Words {
  readonly x: number;
  readonly y: number;
  readonly halfWidth: number;
  readonly halfHeight: number;
}

/** A canvas' size in CSS pixels, and how many of its own make one of them. */
export interface Extent {
  readonly width: number;
  readonly height: number;
  readonly pixels: number;
}

/** What the page tells the flight, method and arguments. */
export type Order =
  | readonly ["fit", Extent, Air]
  | readonly ["launch", ReadonlyMap<string, number>, number]
  | readonly ["launchFrom", string, number, number]
  | readonly ["clear"];
