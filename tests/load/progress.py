"""Says what is measured now, and about how long all will still take."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Progress:
    """Counts down an estimate, step by step."""

    def __init__(
        self,
        estimate_s: float,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._left_s, self._say, self._clock = estimate_s, say, clock
        self._began_s = clock()

    @contextmanager
    def step(self, what: str, estimate_s: float) -> Iterator[None]:
        """Announce a step that takes about so long, part of the whole estimate."""
        took = _minutes(self._clock() - self._began_s)
        self._say(f"[{took}, {_minutes(self._left_s)} left] {what}")
        try:
            yield
        finally:
            self._left_s = max(0.0, self._left_s - estimate_s)

    def found(self, what: str) -> None:
        """Say what a step found."""
        self._say(f"    {what}")


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"
