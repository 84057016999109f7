/** A component that is drawn again with each moment of the engine. */

import { useEffect, useState } from "preact/hooks";

import type { Engine, Moment } from "../../room/engine";

export function useMoment(engine: Engine): Moment {
  const [moment, setMoment] = useState(engine.moment);
  useEffect(() => {
    setMoment(engine.moment);
    return engine.onMoment(setMoment);
  }, [engine]);
  return moment;
}
