/**
 * Emoji that rise: one canvas, at most 300 in the air, those that wait for their start included.
 *
 * A place in the air is an index into arrays that are made once: nothing is allocated while
 * it flies. It draws while something flies and the page is seen, and not otherwise.
 */

import type { Air, Extent } from "./air";
import { IN_THE_AIR_MAX } from "./air";
import { cut, Pace, spread } from "./launches";
import { Sprites } from "./sprites";

/** Three depths: the farther, the smaller, slower and fainter. Sizes in CSS pixels. */
const DEPTHS = [
  { sizePx: 20, riseMs: 6200, alpha: 0.6 },
  { sizePx: 26, riseMs: 5200, alpha: 0.8 },
  { sizePx: 34, riseMs: 4300, alpha: 1 },
] as const;
const NEAREST = 2;
const SWAY_PX = 14;
const SWAYS = 7;
const APPEARS = 0.1;
const OWN_APPEARS = 0.01;
const FADES = 0.6;
const BEHIND_WORDS = 0.22;
/** How far around words it is fainter, in halves of their box. */
const AROUND_WORDS = 0.35;

export class Flight {
  readonly #canvas: OffscreenCanvas;
  readonly #pen: OffscreenCanvasRenderingContext2D | null;
  readonly #sprites = new Sprites();
  readonly #pace = new Pace();
  readonly #sprite = new Array<OffscreenCanvas | null>(IN_THE_AIR_MAX).fill(null);
  readonly #startMs = new Float64Array(IN_THE_AIR_MAX);
  readonly #depth = new Uint8Array(IN_THE_AIR_MAX);
  readonly #x = new Float32Array(IN_THE_AIR_MAX);
  readonly #y = new Float32Array(IN_THE_AIR_MAX);
  readonly #sway = new Float32Array(IN_THE_AIR_MAX);
  readonly #appears = new Float32Array(IN_THE_AIR_MAX);
  #air: Air | null = null;
  #flying = 0;
  #request = 0;
  #pixels = 1;

  constructor(canvas: OffscreenCanvas) {
    this.#canvas = canvas;
    this.#pen = canvas.getContext("2d");
  }

  /** Be of this size from now on, and let the crowd's rise through this air. */
  fit({ width, height, pixels }: Extent, air: Air): void {
    this.#air = air;
    this.#pixels = pixels;
    const [wide, high] = [Math.round(width * pixels), Math.round(height * pixels)];
    // Its size set anew empties a canvas, also if it is the same.
    if (wide !== this.#canvas.width) this.#canvas.width = wide;
    if (high !== this.#canvas.height) this.#canvas.height = high;
  }

  /** Let these rise in the course of the window; what has no place is left out. */
  launch(due: ReadonlyMap<string, number>, windowMs: number): void {
    const nowMs = performance.now();
    const slots = this.#pace.slots(IN_THE_AIR_MAX - this.#flying, nowMs);
    const launches = spread(cut(due, slots), windowMs, Math.random);
    this.#pace.took(launches.length);
    const { left, right, floor } = this.#air ?? { left: 0, right: 1, floor: 1 };
    const y = floor * this.#canvas.height;
    for (const { emoji, inMs } of launches) {
      const x = (left + Math.random() * (right - left)) * this.#canvas.width;
      const depth = Math.floor(Math.random() * DEPTHS.length);
      this.#start(emoji, nowMs + inMs, depth, x, y, APPEARS);
    }
  }

  /** Let one rise at once, from a point of the page in CSS pixels. */
  launchFrom(emoji: string, xPx: number, yPx: number): void {
    this.#start(
      emoji,
      performance.now(),
      NEAREST,
      xPx * this.#pixels,
      yPx * this.#pixels,
      OWN_APPEARS,
    );
  }

  /** Empty the air. */
  clear(): void {
    cancelAnimationFrame(this.#request);
    this.#request = 0;
    this.#sprite.fill(null);
    this.#flying = 0;
    this.#pen?.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
  }

  #start(
    emoji: string,
    startMs: number,
    depth: number,
    x: number,
    y: number,
    appears: number,
  ): void {
    const place = this.#sprite.indexOf(null);
    if (place < 0) return;
    const sizePx = Math.round(
      (DEPTHS[depth]?.sizePx ?? 0) * (this.#air?.size ?? 1) * this.#pixels,
    );
    this.#sprite[place] = this.#sprites.of(emoji, sizePx);
    this.#startMs[place] = startMs;
    this.#depth[place] = depth;
    this.#x[place] = x;
    this.#y[place] = y;
    this.#sway[place] = Math.random() * 2 * Math.PI;
    this.#appears[place] = appears;
    this.#flying++;
    this.#request ||= requestAnimationFrame(this.#draw);
  }

  readonly #draw = (nowMs: number): void => {
    const pen = this.#pen;
    if (!pen) return;
    pen.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    for (let place = 0; place < IN_THE_AIR_MAX; place++) {
      const sprite = this.#sprite[place];
      if (sprite) this.#drawOne(pen, sprite, place, nowMs);
    }
    pen.globalAlpha = 1;
    this.#request = this.#flying > 0 ? requestAnimationFrame(this.#draw) : 0;
  };

  #drawOne(
    pen: OffscreenCanvasRenderingContext2D,
    sprite: OffscreenCanvas,
    place: number,
    nowMs: number,
  ): void {
    const depth = DEPTHS[this.#depth[place] ?? 0] ?? DEPTHS[0];
    const done = (nowMs - (this.#startMs[place] ?? 0)) / depth.riseMs;
    if (done < 0) return;
    if (done >= 1) {
      this.#sprite[place] = null;
      this.#flying--;
      return;
    }
    const sway =
      Math.sin((this.#sway[place] ?? 0) + done * SWAYS) *
      SWAY_PX *
      this.#pixels *
      Math.min(1, done * 4);
    const height =
      done * (1.35 - 0.35 * done) * (this.#air?.rise ?? 1) * this.#canvas.height;
    const x = (this.#x[place] ?? 0) + sway;
    const y = (this.#y[place] ?? 0) - height;
    const fade = Math.min(
      done / (this.#appears[place] ?? 1),
      1,
      (1 - done) / (1 - FADES),
    );
    pen.globalAlpha =
      depth.alpha *
      fade *
      this.#besideWords(x / this.#canvas.width, y / this.#canvas.height);
    // Whole pixels: a picture between pixels would be filtered, which costs several times as much.
    pen.drawImage(
      sprite,
      Math.round(x - sprite.width / 2),
      Math.round(y - sprite.height / 2),
    );
  }

  /** 1 where no words are, less behind them. */
  #besideWords(x: number, y: number): number {
    let least = 1;
    for (const box of this.#air?.words ?? []) {
      const away = Math.max(
        Math.abs(x - box.x) / box.halfWidth,
        Math.abs(y - box.y) / box.halfHeight,
      );
      const beside = Math.min(1, Math.max(0, (away - 1) / AROUND_WORDS));
      least = Math.min(least, BEHIND_WORDS + (1 - BEHIND_WORDS) * beside);
    }
    return least;
  }
}
