"""`python -m compose.probe`: ask once whether the part in this container does its work.

What starts a container leaves the question here. To ask takes a quarter of a second of
a core, and twenty containers ask: so a yes counts for about two minutes, and `check`
looks at that first, without Python.
"""

import pickle
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ASKED_FOR_S = 20.0
"""So long a part that does not work yet is asked again."""

_FILE = Path(tempfile.gettempdir()) / "emostream-probe"
_WELL_UNTIL = Path("/tmp/emostream-well-until")  # noqa: S108 - a container's
"""In seconds since the machine's start."""

_WELL_FOR_S = (90, 150)
_AGAIN_AFTER_S = 0.5


def check(well_until: Path = _WELL_UNTIL) -> tuple[str, str, str]:
    """Return the command of a health check: in shell alone while a yes counts."""
    counts = f'read until <{well_until} && read now _ </proc/uptime && [ "${{now%.*}}"'
    return "sh", "-c", f'{counts} -lt "$until" ] || exec python -m compose.probe'


def leave(ready: Callable[[], bool]) -> None:
    """Write down how to tell that a part does its work, for who asks later."""
    _WELL_UNTIL.unlink(missing_ok=True)
    _FILE.write_bytes(pickle.dumps(ready))


def main() -> int:
    """Return 0 as soon as the part says that it works, 1 if it does not say so."""
    until_s = time.monotonic() + ASKED_FOR_S
    ready = pickle.loads(_FILE.read_bytes())  # noqa: S301 - we have written it
    while not ready():
        if time.monotonic() > until_s:
            return 1
        time.sleep(_AGAIN_AFTER_S)
    # Not for all the same: or they would for ever ask at once.
    for_s = random.randrange(*_WELL_FOR_S)  # noqa: S311 - no secret
    until_s = int(time.clock_gettime(time.CLOCK_BOOTTIME)) + for_s
    _WELL_UNTIL.write_text(f"{until_s}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
