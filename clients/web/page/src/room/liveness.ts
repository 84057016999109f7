/** How much what is known of a room can be trusted: told by pulses and frames. */

/** Three pulses are missing: something between the stream and here is broken. */
export const STALE_AFTER_S = 6;

/** Two windows without a frame: nobody reacts. */
const QUIET_AFTER_S = 4;

export type Trust = "connecting" | "live" | "quiet" | "stale";

/** Remembers when there was last a sign of life, and of what. */
export class Liveness {
  #nowS = 0;
  #beganS: number | null = null;
  #pulseS: number | null = null;
  #frameS: number | null = null;

  /** How things stood at the last moment it was told. */
  get trust(): Trust {
    if (this.#beganS === null) return "connecting";
    if (this.#nowS - (this.#pulseS ?? this.#beganS) > STALE_AFTER_S) return "stale";
    if (this.#pulseS === null) return "connecting";
    const isQuiet = this.#frameS === null || this.#nowS - this.#frameS > QUIET_AFTER_S;
    return isQuiet ? "quiet" : "live";
  }

  /** Time has passed. */
  tick(nowS: number): void {
    this.#nowS = nowS;
  }

  /** There is a connection: from now on pulses are due. */
  begin(): void {
    this.#beganS = this.#nowS;
    this.#pulseS = null;
  }

  /** There is no connection any more. */
  end(): void {
    this.#beganS = null;
  }

  /** The stream lives. */
  pulse(): void {
    this.#pulseS = this.#nowS;
  }

  /** Somebody has reacted just now. */
  frame(): void {
    this.#frameS = this.#nowS;
  }
}
