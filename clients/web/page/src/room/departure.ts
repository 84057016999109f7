/** When a client leaves its cluster because it is asked to. */

import { type Moves, parseMoves } from "./wire";

const SPREAD_MAX_S = 3600;

/** Waits for a random part of what an operator has said, once for each move. */
export class Departure {
  #said: Moves = new Map();
  #spreadS: number | null = null;
  #dueS: number | null = null;
  readonly #draw: () => number;

  /** @param draw Returns a random number between 0 and 1. */
  constructor(draw: () => number) {
    this.#draw = draw;
  }

  /** Whether it is to go, or has gone already. */
  get isAsked(): boolean {
    return this.#spreadS !== null;
  }

  /** Know nothing: the next broker says it again. */
  forget(): void {
    this.#said = new Map();
    this.#spreadS = this.#dueS = null;
  }

  /** Learn which clusters are to be left; what cannot be read says nothing. */
  hear(payload: Uint8Array, cluster: string, nowS: number): void {
    const said = parseMoves(payload);
    if (!said) return;
    this.#said = said;
    this.beIn(cluster, nowS);
  }

  /** Learn in which cluster it is; one without a name is never left. */
  beIn(cluster: string, nowS: number): void {
    const spreadS = (cluster ? this.#said.get(cluster) : undefined) ?? null;
    if (spreadS === this.#spreadS) return; // the same again; it has drawn
    this.#spreadS = spreadS;
    this.#dueS =
      spreadS === null ? null : nowS + Math.min(spreadS, SPREAD_MAX_S) * this.#draw();
  }

  /** Tells whether it is time to go, once. */
  isDue(nowS: number): boolean {
    if (this.#dueS === null || nowS < this.#dueS) return false;
    this.#dueS = null;
    return true;
  }
}
