/** Emoji drawn once for each size, since text is by far the dearest thing to draw. */

const FONT = '"Apple Color Emoji", "Segoe UI Emoji", "Noto Color Emoji", sans-serif';
const KEPT_MAX = 256;
/** Room around a glyph, which may reach beyond its em. */
const BOX_EM = 1.3;

export class Sprites {
  readonly #drawn = new Map<string, OffscreenCanvas>();

  /** Return `emoji` as a square picture, `sizePx` device pixels an em. */
  of(emoji: string, sizePx: number): OffscreenCanvas {
    const key = `${String(sizePx)} ${emoji}`;
    let sprite = this.#drawn.get(key);
    if (!sprite) {
      if (this.#drawn.size >= KEPT_MAX) this.#drawn.clear();
      sprite = draw(emoji, sizePx);
      this.#drawn.set(key, sprite);
    }
    return sprite;
  }
}

function draw(emoji: string, sizePx: number): OffscreenCanvas {
  const side = Math.ceil(sizePx * BOX_EM);
  const canvas = new OffscreenCanvas(side, side);
  const pen = canvas.getContext("2d");
  if (!pen) return canvas; // a browser without canvas shows no flight, and everything else
  pen.font = `${String(sizePx)}px ${FONT}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(emoji, side / 2, side / 2 + sizePx * 0.06, canvas.width);
  return canvas;
}
