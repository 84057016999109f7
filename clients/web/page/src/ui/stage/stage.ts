/** What is behind the words: the field and the flight, told of each moment and each tap. */

import type { Moment } from "../../room/engine";
import type { Frame } from "../../room/frame";
import { currentTheme, onTheme } from "../shared/theme";
import type { Air, Words } from "./air";
import { Activity } from "./activity";
import { Field } from "./field";
import { Launches } from "./launches";
import { Sky } from "./sky";

/** Half an emoji and its sway: so none is cut at the sides. */
const EDGE_PX = 32;
const CEILING = 0.06;
const MIN_REACH_PX = 150;
/** On a screen taller than this, what flies is larger. */
const TALL_PX = 900;
const STILL = matchMedia("(prefers-reduced-motion: reduce)");

/** Whether somebody has asked that nothing moves. */
export function isStill(): boolean {
  return STILL.matches;
}

export class Stage {
  readonly #field: Field | null;
  readonly #sky: Sky;
  readonly #flightCanvas: HTMLCanvasElement;
  readonly #air: Air;
  readonly #launches = new Launches();
  readonly #activity = new Activity();
  readonly #ends: (() => void)[] = [];
  #moment: Moment | null = null;
  #strength = 0;

  /** `field` is left out where nothing but emoji shall be seen. */
  constructor(flight: HTMLCanvasElement, air: Air, field?: HTMLCanvasElement) {
    this.#flightCanvas = flight;
    this.#air = air;
    this.#sky = new Sky(flight);
    this.#field = field ? new Field(field, currentTheme()) : null;
    const aim = (): void => this.#aim();
    const hide = (): void => {
      if (document.hidden) this.#sky.clear();
    };
    document.addEventListener("visibilitychange", hide);
    STILL.addEventListener("change", aim);
    this.#ends.push(
      onTheme(aim),
      () => document.removeEventListener("visibilitychange", hide),
      () => STILL.removeEventListener("change", aim),
    );
  }

  /**
   * Follow the page's size: what flies is fainter behind `words`; the field lies around
   * `anchor`, and the crowd's rise through it from above `bar`.
   */
  fit(words: readonly Element[], anchor?: Element | null, bar?: Element | null): void {
    const page = this.#flightCanvas.getBoundingClientRect();
    if (!page.width || !page.height) return;
    const behind = words.map((one) => boxIn(page, one));
    if (anchor && this.#field) this.#fitAround(page, anchor, bar ?? null, behind);
    else this.#sky.fit({ ...this.#air, words: behind });
  }

  /** Show a moment: new emoji rise, and the field goes where the mood is. */
  show(moment: Moment): void {
    const { frame } = moment;
    if (frame && frame !== this.#moment?.frame) {
      this.#strength = this.#activity.of(frame);
      if (moment.phase === "live" && moment.state.open) this.#launch(frame);
    }
    this.#moment = moment;
    this.#aim();
  }

  /** Somebody tapped here, at this point of the page: it rises before the server knows. */
  tapped(emoji: string, xPx: number, yPx: number): void {
    this.#launches.tapped(emoji, performance.now());
    if (!isStill()) this.#sky.launchFrom(emoji, xPx, yPx);
  }

  stop(): void {
    this.#field?.stop();
    this.#sky.stop();
    for (const end of this.#ends) end();
  }

  #fitAround(
    { width, height }: DOMRect,
    anchor: Element,
    bar: Element | null,
    words: readonly Words[],
  ): void {
    const box = anchor.getBoundingClientRect();
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    const most = Math.min(0.62 * width, 0.5 * height);
    const reachPx = Math.max(
      MIN_REACH_PX,
      Math.min(most, 0.9 * Math.max(box.width, box.height)),
    );
    const floor = bar ? bar.getBoundingClientRect().top / height : 1;
    this.#field?.fit(x / width, y / height, reachPx);
    this.#sky.fit({
      left: Math.max(EDGE_PX, x - reachPx) / width,
      right: Math.min(width - EDGE_PX, x + reachPx) / width,
      floor,
      rise: floor - CEILING,
      size: Math.max(1, height / TALL_PX),
      words,
    });
  }

  #launch(frame: Frame): void {
    const nowMs = performance.now();
    const due = this.#launches.due(frame, nowMs);
    if (isStill() || document.hidden) return;
    this.#sky.launch(due, frame.window_ms);
  }

  #aim(): void {
    if (isStill()) this.#sky.clear();
    const moment = this.#moment;
    const isLively = moment?.phase === "live" && moment.state.open;
    this.#field?.aim(
      {
        mood: moment?.frame?.mood ?? {},
        strength: isLively ? this.#strength : 0,
        isStill: isStill(),
      },
      currentTheme(),
    );
  }
}

function boxIn(page: DOMRect, element: Element): Words {
  const box = element.getBoundingClientRect();
  return {
    x: (box.left + box.width / 2 - page.left) / page.width,
    y: (box.top + box.height / 2 - page.top) / page.height,
    halfWidth: box.width / 2 / page.width,
    halfHeight: box.height / 2 / page.height,
  };
}
