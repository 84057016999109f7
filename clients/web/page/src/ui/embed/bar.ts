/** The tap bar in a closed shadow root: the page around it reaches neither its styles nor its buttons. */

import type { TapMoment } from "../../room/embed";
import type { Offered } from "../audience/offer";
import { offered } from "../audience/offer";
import { nameOf } from "../shared/emoji-names";
import { LOOK } from "./look";
import { barWords } from "./words";

const RISE_MS = 900;
const NOTE_FOR_MS = 4000;
const STILL = matchMedia("(prefers-reduced-motion: reduce)");

export class Bar {
  readonly #tap: (emoji: string) => boolean;
  readonly #keys = made("div", "keys");
  readonly #words = made("p", "");
  #drawn = "";
  #noteUntilMs = 0;

  /** `tap` returns whether it will be sent. */
  constructor(host: Element, tap: (emoji: string) => boolean) {
    this.#tap = tap;
    const root = host.attachShadow({ mode: "closed" });
    // A sheet made by script is no inline style: a strict policy of the page does not forbid it.
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(LOOK);
    root.adoptedStyleSheets = [sheet];
    const bar = made("div", "bar");
    this.#keys.setAttribute("role", "group");
    this.#keys.setAttribute("aria-label", "React");
    this.#words.setAttribute("role", "status");
    bar.append(this.#keys, this.#words);
    root.append(bar);
  }

  show(moment: TapMoment): void {
    const offer = offered(moment.state);
    const drawn = JSON.stringify(offer);
    // Buttons stay as they are while nothing about them changes: one of them may have the focus.
    if (drawn !== this.#drawn)
      this.#keys.replaceChildren(...offer.map((one) => this.#key(one)));
    this.#drawn = drawn;
    if (performance.now() > this.#noteUntilMs)
      this.#words.textContent = barWords(moment);
  }

  #key(one: Offered): HTMLButtonElement {
    const button = made("button", "");
    const glyph = made("span", "");
    glyph.textContent = one.emoji;
    button.type = "button";
    button.setAttribute(
      "aria-label",
      one.refusal
        ? `${nameOf(one.emoji)}. ${one.refusal}`
        : `${nameOf(one.emoji)}, react`,
    );
    button.setAttribute("aria-disabled", String(one.refusal !== null));
    button.append(glyph);
    button.addEventListener("click", () => this.#pressed(one, button));
    return button;
  }

  #pressed({ emoji, refusal }: Offered, button: HTMLElement): void {
    if (refusal) this.#note(refusal);
    else if (this.#tap(emoji)) rise(emoji, button);
    else this.#note("Too many taps wait: this one was not taken.");
  }

  #note(words: string): void {
    this.#words.textContent = words;
    this.#noteUntilMs = performance.now() + NOTE_FOR_MS;
  }
}

/** Let a copy rise from the button; where nothing shall move, it fades in place. */
function rise(emoji: string, button: HTMLElement): void {
  const copy = made("span", "");
  copy.textContent = emoji;
  copy.setAttribute("aria-hidden", "true");
  button.append(copy);
  const to = STILL.matches
    ? { opacity: 0 }
    : { opacity: 0, transform: "translateY(-72px) scale(1.2)" };
  const flight = copy.animate([{ opacity: 1, transform: "none" }, to], {
    duration: RISE_MS,
    easing: "ease-out",
  });
  flight.onfinish = () => copy.remove();
}

function made<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className) element.className = className;
  return element;
}
