/** What stands in a host's way: one sentence, and what to do. */

import type { Conflict } from "./use-desk";
import type { Step } from "./wish";

export function NoToken({ room, help }: { room: string; help?: string }) {
  return (
    <main class="notice">
      <h1>This page needs a host’s link</h1>
      {help && <p>{help}</p>}
      <p>
        On the machine that runs EmoStream, this prints one:{" "}
        <code>emostream host-url {room}</code>
      </p>
    </main>
  );
}

export function Trouble({ help, onDismiss }: { help: string; onDismiss: () => void }) {
  return (
    <div class="notice" role="alert">
      <p>{help}</p>
      <button type="button" onClick={onDismiss}>
        All right
      </button>
    </div>
  );
}

interface ConflictProps {
  readonly conflict: Conflict;
  readonly act: (step: Step) => Promise<boolean>;
  readonly leave: () => void;
}

export function ConflictQuestion({ conflict, act, leave }: ConflictProps) {
  return (
    <div class="notice" role="alert">
      <p>
        Nothing was done, since somebody changed the room meanwhile.{" "}
        {conflict.meanwhile.join(" ")} Do you still want to {conflict.step.words}?
      </p>
      <button type="button" class="main" onClick={() => void act(conflict.step)}>
        Yes, {conflict.step.words}
      </button>
      <button type="button" onClick={leave}>
        No, leave it
      </button>
    </div>
  );
}
