/** The buttons: by thumb, by mouse, by Tab and arrows, and by the keys 1 to 9. */

import { useEffect, useRef } from "preact/hooks";

import { nameOf } from "../shared/emoji-names";
import type { Offered } from "./offer";
import { columns } from "./offer";

const SHOWS_TAP_MS = 450;
const VIBRATES_MS = 8;
const STEPS: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowUp: -1,
  ArrowRight: 1,
  ArrowDown: 1,
};

interface Props {
  readonly offer: readonly Offered[];
  readonly onTap: (one: Offered, button: HTMLElement) => void;
}

export function TapBar({ offer, onTap }: Props) {
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => onDigit((place) => buttons(bar.current)[place]?.click()), []);
  const tap = (one: Offered, button: HTMLButtonElement): void => {
    onTap(one, button);
    if (!one.refusal) showTap(button);
  };
  return (
    <div
      ref={bar}
      class="taps"
      role="group"
      aria-label="React"
      style={{ "--columns": columns(offer.length), "--count": offer.length }}
      onKeyDown={(event) => step(bar.current, event)}
    >
      {offer.map((one, place) => (
        <button
          key={one.emoji}
          type="button"
          aria-label={label(one)}
          aria-disabled={one.refusal !== null}
          aria-keyshortcuts={place < 9 ? String(place + 1) : undefined}
          onClick={(event) => tap(one, event.currentTarget)}
        >
          <span aria-hidden="true">{one.emoji}</span>
        </button>
      ))}
    </div>
  );
}

function label({ emoji, refusal }: Offered): string {
  return refusal ? `${nameOf(emoji)}. ${refusal}` : `${nameOf(emoji)}, react`;
}

function showTap(button: HTMLElement): void {
  // Not every browser has it, whatever its type says.
  if ("vibrate" in navigator) navigator.vibrate(VIBRATES_MS);
  button.dataset.tapped = "";
  setTimeout(() => delete button.dataset.tapped, SHOWS_TAP_MS);
}

function buttons(bar: HTMLElement | null): HTMLButtonElement[] {
  return [...(bar?.querySelectorAll("button") ?? [])];
}

/** An arrow goes to the next button, round at the ends. */
function step(bar: HTMLElement | null, event: KeyboardEvent): void {
  const by = STEPS[event.key];
  if (by === undefined) return;
  const all = buttons(bar);
  const place = all.findIndex((button) => button === document.activeElement);
  all[(place + by + all.length) % all.length]?.focus();
  event.preventDefault();
}

/** Tell `pressed` of the keys 1–9 as places from 0; held keys and shortcuts of the browser are not meant. */
function onDigit(pressed: (place: number) => void): () => void {
  const listen = (event: KeyboardEvent): void => {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^[1-9]$/.test(event.key)) pressed(Number(event.key) - 1);
  };
  addEventListener("keydown", listen);
  return () => removeEventListener("keydown", listen);
}
