/** A field for emoji: typed, pasted, or as :shortcode:. */

import { useState } from "preact/hooks";

import { typedEmoji } from "./typed-emoji";

interface Props {
  /** Whether there is a set to add to. */
  readonly isSet: boolean;
  /** How many more fit. */
  readonly room: number;
  readonly onAdd: (emoji: readonly string[]) => void;
  readonly onMute: (emoji: string) => void;
}

export function EmojiInput({ isSet, room, onAdd, onMute }: Props) {
  const [text, setText] = useState("");
  const [note, setNote] = useState("");
  const { emoji, others } = typedEmoji(text);

  const add = (): void => {
    if (emoji.length === 0) {
      setNote(noneOf(others));
      return;
    }
    onAdd(emoji.slice(0, room));
    setText("");
    setNote(
      emoji.length > room
        ? `A set has at most 24 emoji: ${emoji.slice(room).join(" ")} did not fit.`
        : noneOf(others),
    );
  };
  const muteOne = (): void => {
    const [one] = emoji;
    if (one === undefined) {
      setNote(noneOf(others));
      return;
    }
    onMute(one);
    setText("");
    setNote("");
  };
  return (
    <form
      class="entry"
      onSubmit={(event) => {
        event.preventDefault();
        (isSet ? add : muteOne)();
      }}
    >
      <label for="entry">{isSet ? "Add or mute" : "Mute"}</label>
      <input
        id="entry"
        value={text}
        placeholder="🎉 or :tada:"
        autocomplete="off"
        maxLength={200}
        aria-describedby="entry-note"
        onInput={(event) => setText(event.currentTarget.value)}
      />
      {isSet && <button type="submit">Add</button>}
      <button type={isSet ? "button" : "submit"} onClick={isSet ? muteOne : undefined}>
        Mute
      </button>
      <p id="entry-note" class="quiet" role="status">
        {note}
      </p>
    </form>
  );
}

function noneOf(others: readonly string[]): string {
  return others.length > 0 ? `“${others.join("").slice(0, 40)}” is no emoji.` : "";
}
