"""`python -m compose.probe`: ask once whether the part in this container does its work.

What starts a container leaves the question here; asking it has to be cheap, since each
container asks every half a minute.
"""

import pickle
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ASKED_FOR_S = 20.0
"""So long a part that does not work yet is asked again."""

_FILE = Path(tempfile.gettempdir()) / "emostream-probe"
_AGAIN_AFTER_S = 0.5


def leave(ready: Callable[[], bool]) -> None:
    """Write down how to tell that a part does its work, for who asks later."""
    _FILE.write_bytes(pickle.dumps(ready))


def main() -> int:
    """Return 0 as soon as the part says that it works, 1 if it does not say so."""
    until_s = time.monotonic() + ASKED_FOR_S
    ready = pickle.loads(_FILE.read_bytes())  # noqa: S301 - we have written it
    while not ready():
        if time.monotonic() > until_s:
            return 1
        time.sleep(_AGAIN_AFTER_S)
    return 0


if __name__ == "__main__":
    sys.exit(main())
