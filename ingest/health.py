"""Whether reactions can be stored now, asked of Kafka itself."""

import threading
import time
from collections.abc import Callable

from ingest.refusal import Refusal, Refused

KEPT_S = 1.0
"""How long an answer is good for: many may ask, Kafka is asked once."""


class Readiness:
    """Remembers for a moment what a probe said; callers meanwhile wait for it.

    Args:
        probe: Returns why reactions cannot be stored, None if they can; within a
            second or so.
        clock: Seconds that only go forward.
    """

    def __init__(
        self,
        probe: Callable[[], str | None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._probe, self._clock = probe, clock
        self._lock = threading.Lock()
        self._good_until: float | None = None
        self._problem: str | None = None

    def check(self) -> None:
        """Return if reactions can be stored.

        Raises:
            Refused: If they cannot; says why.
        """
        problem = self._current()
        if problem is not None:
            raise Refused(Refusal.NOT_READY, help_=f"{problem}.")

    def _current(self) -> str | None:
        # While one asks, the others say what was found before: none waits for it.
        if not self._lock.acquire(blocking=self._good_until is None):
            return self._problem
        try:
            if self._good_until is None or self._clock() >= self._good_until:
                self._problem = self._probe()
                self._good_until = self._clock() + KEPT_S
            return self._problem
        finally:
            self._lock.release()
