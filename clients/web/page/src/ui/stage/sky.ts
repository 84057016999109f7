/** The flight as the page sees it: a canvas that it gave away, and a thread that draws there. */

import type { Air, Order } from "./air";

const PIXELS_MAX = 2;

export class Sky {
  readonly #canvas: HTMLCanvasElement;
  readonly #worker: Worker | null;

  /** An older browser cannot give a canvas away: it shows no flight, and everything else. */
  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    this.#worker = "transferControlToOffscreen" in canvas ? drawing(canvas) : null;
  }

  /** Take the canvas' size on the page as it is now. */
  fit(air: Air): void {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const pixels = Math.min(PIXELS_MAX, devicePixelRatio);
    this.#tell(["fit", { width, height, pixels }, air]);
  }

  /** Let these rise in the course of the window. */
  launch(due: ReadonlyMap<string, number>, windowMs: number): void {
    this.#tell(["launch", due, windowMs]);
  }

  /** Let one rise at once, from a point of the page in CSS pixels. */
  launchFrom(emoji: string, xPx: number, yPx: number): void {
    this.#tell(["launchFrom", emoji, xPx, yPx]);
  }

  /** Empty the air. */
  clear(): void {
    this.#tell(["clear"]);
  }

  stop(): void {
    this.#worker?.terminate();
  }

  #tell(order: Order): void {
    this.#worker?.postMessage(order);
  }
}

function drawing(canvas: HTMLCanvasElement): Worker {
  const worker = new Worker(new URL("./flight-worker.ts", import.meta.url), {
    type: "module",
  });
  const given = canvas.transferControlToOffscreen();
  worker.postMessage(given, [given]);
  return worker;
}
