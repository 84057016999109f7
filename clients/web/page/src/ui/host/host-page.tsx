/** The host's page: one switch, one set of emoji, one code to join, and who did what. */

import { useRef } from "preact/hooks";

import type { Engine, Moment } from "../../room/engine";
import type { HostDesk } from "../../room/host";
import { Announcer } from "../shared/announcer";
import { CountTable } from "../shared/count-table";
import { whole } from "../shared/numbers";
import { ranked } from "../shared/ranking";
import { stateLine } from "../shared/state-line";
import { StateView } from "../shared/state-view";
import { Sum } from "../shared/sum";
import { ThemeSwitch } from "../shared/theme-switch";
import { useMoment } from "../shared/use-moment";
import { useField } from "../stage/use-field";
import { ChangeLog } from "./change-log";
import { JoinCode } from "./join-code";
import { ConflictQuestion, NoToken, Trouble } from "./notices";
import { OpenSwitch } from "./open-switch";
import { SetEditor } from "./set-editor";
import { useDesk } from "./use-desk";
import { CLOSE, OPEN } from "./wish";

const ROWS_MAX = 8;
/** Refusals that another link mends, and nothing else. */
const LINK_LABELS = new Set(["not_host", "no_token"]);

interface Props {
  readonly engine: Engine;
  readonly room: string;
  readonly desk: HostDesk;
}

export function HostPage({ engine, room, desk }: Props) {
  const moment = useMoment(engine);
  const { state, changes, problem, conflict, isBusy, act, leave } = useDesk(
    desk,
    moment.state.version,
  );
  if (problem && LINK_LABELS.has(problem.label))
    return <NoToken room={room} help={problem.help} />;
  return (
    <div class="host">
      <header>
        <h1>Host of {room}</h1>
        <StateView line={stateLine(moment)} />
        <ThemeSwitch />
      </header>
      <main>
        <div class="desk">
          {problem && <Trouble help={problem.help} onDismiss={leave} />}
          {conflict && <ConflictQuestion conflict={conflict} act={act} leave={leave} />}
          {state && (
            <>
              <OpenSwitch
                isOpen={state.open}
                isBusy={isBusy}
                onOpen={() => void act(OPEN)}
                onClose={() => void act(CLOSE)}
              />
              <SetEditor state={state} isBusy={isBusy} act={act} />
            </>
          )}
        </div>
        <div class="view">
          <Live moment={moment} />
          <JoinCode room={room} origin={location.origin} />
        </div>
        <ChangeLog changes={changes} />
      </main>
      <Announcer engine={engine} />
    </div>
  );
}

function Live({ moment }: { moment: Moment }) {
  const { frame, members, phase, state } = moment;
  const field = useRef<HTMLCanvasElement>(null);
  useField(field, moment);
  return (
    <section class="live" aria-labelledby="live-title">
      <h2 id="live-title">Now</h2>
      <div class="glance">
        <canvas ref={field} aria-hidden="true" />
        <Sum frame={frame} phase={phase} />
        <p>{members === null ? "\u00a0" : `${whole(members)} here`}</p>
      </div>
      <CountTable rows={ranked(frame, phase === "live" && state.open, ROWS_MAX)} />
    </section>
  );
}
