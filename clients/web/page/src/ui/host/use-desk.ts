/** The host's desk in a component: what the room is, who changed it, and one step at a time. */

import { useCallback, useEffect, useState } from "preact/hooks";

import type { Change, HostDesk } from "../../room/host";
import type { RoomState } from "../../room/state";
import { meanwhile } from "./log-words";
import type { Step } from "./wish";

interface Problem {
  readonly label: string;
  readonly help: string;
}

/** Somebody else was faster: what they did, and what was wanted here. */
export interface Conflict {
  readonly step: Step;
  readonly meanwhile: readonly string[];
}

interface Known {
  readonly state: RoomState | null;
  readonly changes: readonly Change[];
  readonly problem: Problem | null;
  readonly conflict: Conflict | null;
  readonly isBusy: boolean;
}

export interface Desk extends Known {
  /** Do it, unless the room is not any more what is shown here. Returns whether it is done. */
  readonly act: (step: Step) => Promise<boolean>;
  /** Leave the room as the others made it. */
  readonly leave: () => void;
}

const NOTHING: Known = {
  state: null,
  changes: [],
  problem: null,
  conflict: null,
  isBusy: true,
};

/** `heardVersion` is what the room's audience hears: if it is newer, somebody else changed the room. */
export function useDesk(desk: HostDesk, heardVersion: number): Desk {
  const [known, setKnown] = useState(NOTHING);
  const add = useCallback(
    (more: Partial<Known>) => setKnown((old) => ({ ...old, ...more })),
    [],
  );

  const load = useCallback(async () => {
    const told = await desk.load();
    if (told.isDone) add({ ...told.value, problem: null, isBusy: false });
    else add({ problem: told.problem, isBusy: false });
    return told;
  }, [desk, add]);

  const act = useCallback(
    async (step: Step): Promise<boolean> => {
      const { state } = known;
      if (!state) return false;
      add({ isBusy: true, conflict: null, problem: null });
      const told = await desk.change(step.apply(state), state.version);
      if (told.isDone) {
        add({ state: told.value });
        await load();
        return true;
      }
      if (told.problem.label !== "state_changed") {
        add({ problem: told.problem, isBusy: false });
        return false;
      }
      const now = await load();
      if (now.isDone)
        add({
          conflict: { step, meanwhile: meanwhile(now.value.changes, state.version) },
        });
      return false;
    },
    [known, desk, add, load],
  );

  useEffect(() => void load(), [load]);
  const version = known.state?.version ?? 0;
  useEffect(() => {
    if (heardVersion > version && !known.isBusy && !known.problem) void load();
  }, [heardVersion, version, known.isBusy, known.problem, load]);

  return { ...known, act, leave: () => add({ conflict: null, problem: null }) };
}
