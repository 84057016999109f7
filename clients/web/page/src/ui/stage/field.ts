/**
 * The field behind everything: one soft shape that breathes. Its colours are the mood, its
 * size is how much is going on. Drawn small and stretched by the browser, a few times a
 * second, so that it costs next to nothing beside the flight.
 */

import type { Shares, Theme, Tint } from "../shared/mood";
import { GROUND, tints } from "../shared/mood";

const CSS_PX_PER_PIXEL = 6;
const EVERY_MS = 80;
const BREATH_MS = 7000;
const BREATH = 0.02;
/** The share of the way to its goal that it goes each time: about a second for most of it. */
const EASE = 0.09;
const STOPS = 20;
/** How far the rim goes from the first mood to the second. */
const RIM = 0.6;

export interface Goal {
  readonly mood: Shares;
  /** 0–1: how much is going on. */
  readonly strength: number;
  readonly isStill: boolean;
}

export class Field {
  readonly #canvas: HTMLCanvasElement;
  readonly #pen: CanvasRenderingContext2D | null;
  #theme: Theme;
  #goal: Goal = { mood: {}, strength: 0, isStill: true };
  #middle: Lab;
  #rim: Lab;
  #strength = 0;
  #centre: readonly [number, number] = [0.5, 0.4];
  #reach = 0.5;
  #timer = 0;

  constructor(canvas: HTMLCanvasElement, theme: Theme) {
    this.#canvas = canvas;
    this.#pen = canvas.getContext("2d", { alpha: false });
    this.#theme = theme;
    this.#middle = this.#rim = lab(tints({}, theme)[0]);
  }

  /** Take the canvas' size as it is now, and lie around this point of it (fractions, and CSS pixels). */
  fit(x: number, y: number, reachPx: number): void {
    this.#canvas.width = Math.max(
      1,
      Math.round(this.#canvas.clientWidth / CSS_PX_PER_PIXEL),
    );
    this.#canvas.height = Math.max(
      1,
      Math.round(this.#canvas.clientHeight / CSS_PX_PER_PIXEL),
    );
    this.#centre = [x, y];
    this.#reach = reachPx / CSS_PX_PER_PIXEL;
    this.#paint(1);
  }

  /** Go there, softly; at once where nothing shall move. */
  aim(goal: Goal, theme: Theme): void {
    const isOther = theme !== this.#theme;
    this.#goal = goal;
    this.#theme = theme;
    if (goal.isStill || isOther) {
      this.#approach(1);
      this.#paint(1);
    }
    if (goal.isStill) this.stop();
    else this.#timer ||= window.setInterval(this.#step, EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = 0;
  }

  readonly #step = (): void => {
    if (document.hidden) return;
    this.#approach(EASE);
    this.#paint(1 + BREATH * Math.sin((performance.now() / BREATH_MS) * 2 * Math.PI));
  };

  #approach(part: number): void {
    const [middle, rim] = tints(this.#goal.mood, this.#theme);
    this.#middle = towards(this.#middle, lab(middle), part);
    this.#rim = towards(this.#rim, towards(lab(middle), lab(rim), RIM), part);
    this.#strength += (this.#goal.strength - this.#strength) * part;
  }

  #paint(breath: number): void {
    const pen = this.#pen;
    if (!pen) return;
    const { width, height } = this.#canvas;
    const [x, y] = [this.#centre[0] * width, this.#centre[1] * height];
    const radius = Math.max(1, this.#reach * (0.62 + 0.5 * this.#strength) * breath);
    const gradient = pen.createRadialGradient(x, y, 0, x, y, radius);
    const ground = lab(GROUND[this.#theme]);
    for (let stop = 0; stop <= STOPS; stop++) {
      const at = stop / STOPS;
      const tint = towards(this.#middle, this.#rim, smooth(0.2, 0.9, at));
      gradient.addColorStop(at, css(towards(ground, tint, this.#depth(at))));
    }
    pen.fillStyle = gradient;
    pen.fillRect(0, 0, width, height);
  }

  #depth(at: number): number {
    return (1 - smooth(0.35, 1, at)) * (0.55 + 0.45 * this.#strength);
  }
}

type Lab = readonly [number, number, number];

function lab({ l, c, h }: Tint): Lab {
  const angle = (h / 180) * Math.PI;
  return [l, c * Math.cos(angle), c * Math.sin(angle)];
}

function towards(from: Lab, to: Lab, part: number): Lab {
  return [
    from[0] + (to[0] - from[0]) * part,
    from[1] + (to[1] - from[1]) * part,
    from[2] + (to[2] - from[2]) * part,
  ];
}

function smooth(from: number, to: number, at: number): number {
  const part = Math.min(1, Math.max(0, (at - from) / (to - from)));
  return part * part * (3 - 2 * part);
}

function css([l, a, b]: Lab): string {
  return `oklab(${l.toFixed(4)} ${a.toFixed(4)} ${b.toFixed(4)})`;
}
