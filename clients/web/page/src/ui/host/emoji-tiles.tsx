/** The emoji of a set as tiles; one of them may be chosen, by pointer or by arrow keys. */

import { nameOf } from "../shared/emoji-names";

interface Props {
  readonly label: string;
  readonly emoji: readonly string[];
  readonly muted: readonly string[];
  readonly chosen: number | null;
  readonly onChoose: (place: number) => void;
}

export function EmojiTiles({ label, emoji, muted, chosen, onChoose }: Props) {
  return (
    <ul class="tiles" aria-label={label} onKeyDown={step}>
      {emoji.map((one, place) => (
        <li key={one}>
          <button
            type="button"
            aria-pressed={place === chosen}
            aria-label={muted.includes(one) ? `${nameOf(one)}, muted` : nameOf(one)}
            data-muted={muted.includes(one) ? "" : undefined}
            data-code={one.startsWith(":") ? "" : undefined}
            onClick={() => onChoose(place)}
          >
            <span aria-hidden="true">{one}</span>
            {muted.includes(one) && <small aria-hidden="true">muted</small>}
          </button>
        </li>
      ))}
    </ul>
  );
}

function step(event: KeyboardEvent): void {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const list = event.currentTarget;
  if (by === undefined || !(list instanceof HTMLElement)) return;
  const all = [...list.querySelectorAll("button")];
  const place = all.findIndex((button) => button === document.activeElement);
  all[(place + by + all.length) % all.length]?.focus();
  event.preventDefault();
}
