/**
 * Which emoji the room takes. Which ones and in which order is a draft until it is applied;
 * muting acts at once, since whoever mutes is in a hurry.
 */

import { useEffect, useState } from "preact/hooks";

import type { RoomState } from "../../room/state";
import { DEFAULT_PALETTE } from "../shared/emoji-names";
import { EmojiInput } from "./emoji-input";
import { EmojiTiles } from "./emoji-tiles";
import type { Step } from "./wish";
import { changeWords, moved, mute, offer, unmute } from "./wish";

const SET_MAX = 24;

interface Props {
  readonly state: RoomState;
  readonly isBusy: boolean;
  readonly act: (step: Step) => Promise<boolean>;
}

export function SetEditor({ state, isBusy, act }: Props) {
  const [draft, setDraft] = useState(state.emoji);
  const [chosen, setChosen] = useState<number | null>(null);
  // What somebody else has set meanwhile takes the draft's place: theirs is what the audience sees.
  const stored = JSON.stringify(state.emoji);
  useEffect(() => {
    setDraft(JSON.parse(stored) as RoomState["emoji"]);
    setChosen(null);
  }, [stored]);

  const isChanged = JSON.stringify(draft) !== stored;
  const one = chosen === null ? undefined : draft?.[chosen];
  const elsewhere = state.muted.filter((emoji) => !draft?.includes(emoji));
  const move = (by: number): void => {
    if (!draft || chosen === null) return;
    setDraft(moved(draft, chosen, by));
    setChosen(Math.min(draft.length - 1, Math.max(0, chosen + by)));
  };
  const remove = (): void => {
    setDraft(draft?.filter((emoji) => emoji !== one) ?? null);
    setChosen(null);
  };

  return (
    <section aria-labelledby="set-title">
      <h2 id="set-title">Emoji</h2>
      <div class="choice" role="radiogroup" aria-labelledby="set-title">
        <label>
          <input
            type="radio"
            name="offer"
            checked={draft === null}
            onChange={() => setDraft(null)}
          />
          Any emoji
        </label>
        <label>
          <input
            type="radio"
            name="offer"
            checked={draft !== null}
            onChange={() => setDraft(state.emoji ?? DEFAULT_PALETTE)}
          />
          Only these
        </label>
      </div>
      {draft && (
        <EmojiTiles
          label="Offered emoji"
          emoji={draft}
          muted={state.muted}
          chosen={chosen}
          onChoose={(place) => setChosen(place === chosen ? null : place)}
        />
      )}
      {one !== undefined && draft && (
        <div class="actions" role="group" aria-label={`What to do with ${one}`}>
          <button type="button" disabled={chosen === 0} onClick={() => move(-1)}>
            Move left
          </button>
          <button
            type="button"
            disabled={chosen === draft.length - 1}
            onClick={() => move(1)}
          >
            Move right
          </button>
          <MuteButton
            emoji={one}
            isMuted={state.muted.includes(one)}
            isBusy={isBusy}
            act={act}
          />
          <button type="button" disabled={draft.length === 1} onClick={remove}>
            Remove
          </button>
        </div>
      )}
      <EmojiInput
        isSet={draft !== null}
        room={SET_MAX - (draft?.length ?? 0)}
        onAdd={(emoji) => setDraft([...new Set([...(draft ?? []), ...emoji])])}
        onMute={(emoji) => void act(mute(emoji))}
      />
      {elsewhere.length > 0 && (
        <p class="elsewhere">
          <span class="quiet">Muted besides:</span>
          {elsewhere.map((emoji) => (
            <MuteButton
              key={emoji}
              emoji={emoji}
              isMuted
              isBusy={isBusy}
              act={act}
              isNamed
            />
          ))}
        </p>
      )}
      {isChanged && (
        <div class="draft">
          <p>Not applied yet: {changeWords(state, { ...state, emoji: draft })}.</p>
          <button
            type="button"
            class="main"
            disabled={isBusy}
            onClick={() => void act(offer(draft))}
          >
            Apply
          </button>
          <button type="button" onClick={() => setDraft(state.emoji)}>
            Discard
          </button>
        </div>
      )}
    </section>
  );
}

interface MuteProps {
  readonly emoji: string;
  readonly isMuted: boolean;
  readonly isBusy: boolean;
  readonly isNamed?: boolean;
  readonly act: (step: Step) => Promise<boolean>;
}

function MuteButton({ emoji, isMuted, isBusy, isNamed, act }: MuteProps) {
  const verb = isMuted ? "Unmute" : "Mute";
  return (
    <button
      type="button"
      disabled={isBusy}
      onClick={() => void act((isMuted ? unmute : mute)(emoji))}
    >
      {isNamed ? `${verb} ${emoji}` : verb}
    </button>
  );
}
