/**
 * The large switch. Closing takes two presses, opening one: a closed room is seen at once
 * on every screen, and no undo takes back what thousands have seen; half a second does no harm.
 */

import { useEffect, useState } from "preact/hooks";

const ARMED_FOR_MS = 4000;

interface Props {
  readonly isOpen: boolean;
  readonly isBusy: boolean;
  readonly onOpen: () => void;
  readonly onClose: () => void;
}

export function OpenSwitch({ isOpen, isBusy, onOpen, onClose }: Props) {
  const [isArmed, setArmed] = useState(false);
  useEffect(() => {
    if (!isArmed) return;
    const timer = setTimeout(() => setArmed(false), ARMED_FOR_MS);
    return () => clearTimeout(timer);
  }, [isArmed]);
  const press = (): void => {
    if (isBusy) return;
    if (!isOpen) {
      onOpen();
      return;
    }
    setArmed(!isArmed);
    if (isArmed) onClose();
  };
  return (
    <div class="switch">
      <button
        type="button"
        role="switch"
        aria-checked={isOpen}
        aria-labelledby="switch-is"
        aria-describedby="switch-does"
        aria-busy={isBusy}
        data-armed={isArmed ? "" : undefined}
        onClick={press}
        onBlur={() => setArmed(false)}
      >
        <i />
      </button>
      <div>
        <p id="switch-is" class="large">
          The room is {isOpen ? "open" : "closed"}
        </p>
        <p id="switch-does" class="quiet" role="status">
          {does(isOpen, isArmed)}
        </p>
      </div>
    </div>
  );
}

function does(isOpen: boolean, isArmed: boolean): string {
  if (!isOpen) return "Nobody’s reactions count. Press to open it.";
  return isArmed
    ? "Press again to close it for everybody."
    : "Everybody’s reactions count. Press twice to close it.";
}
