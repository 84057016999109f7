"""The loop that looks at the load and has the system scaled.

It looks every second, and asks for one change at a time. A change takes as long as it
takes (a cluster is drained within half a minute) and happens beside it: the loop ends
when it is told to, and what was begun then is finished by the next one.
"""

import logging
import threading
from collections.abc import Callable
from typing import Protocol

from clients.event import Event
from compose.errors import Refused
from compose.scaling.bounds import Bounds
from compose.scaling.calls import Change
from compose.scaling.decision import Memory, Pace, decide
from compose.scaling.hearing import Hearing
from compose.scaling.load import Size

LOOK_EVERY_S = 1.0
"""As often as the workers tell how they are."""

log = logging.getLogger("scaling")


class Scaler(Protocol):
    """Changes what runs."""

    def to(self, clusters: int, workers: int) -> None:
        """Have so many clusters, each with so many workers; return when it is done.

        Called again with the same after it was cut off, it goes on.

        Raises:
            Refused: If that cannot be; says why.
        """
        ...


class AutoScaler:
    """Takes what is heard of the load, and changes the size by it.

    Args:
        scaler: Carries out what is decided, in a thread of its own.
        size: Says what should run now.
        bounds: Between which the size may be changed.
        pace: How fast.
        tell: Where each decision is told beside the log.
    """

    def __init__(
        self,
        scaler: Scaler,
        size: Callable[[], Size],
        bounds: Bounds,
        *,
        pace: Pace | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._scaler, self._size, self._bounds = scaler, size, bounds
        self._pace, self._tell = pace or Pace(), tell
        self._hearing = Hearing()
        self._memory = Memory()
        self._looked_s = 0.0
        self._errand: _Errand | None = None
        self._blindness = ""

    def take(self, event: Event) -> None:
        """Learn what happened; look, if it is time."""
        self._hearing.take(event)
        if event.at_s - self._looked_s >= LOOK_EVERY_S:
            self._looked_s = event.at_s
            self._look(event.at_s)

    def close(self, within_s: float) -> None:
        """Give what is under way a moment to be left in order."""
        if self._errand:
            self._errand.join(within_s)

    def _look(self, now_s: float) -> None:
        if self._errand:
            if self._errand.is_alive():
                return
            self._finish(self._errand, now_s)
        try:
            size = self._size()
        except Refused as error:
            self._be_blind(str(error))
            return
        self._blindness = ""
        load = self._hearing.load(size, now_s)
        decision, self._memory = decide(
            load, self._bounds, self._memory, now_s, self._pace
        )
        log.debug("look load=%s decision=%s", load, decision)
        if isinstance(decision, Change):
            self._begin(decision)
        elif decision.is_news:
            log.warning("bound reached reason=%r", decision.reason)
            self._tell(f"No change: {decision.reason}.")

    def _begin(self, change: Change) -> None:
        log.info(
            "decided decision=%s clusters=%d workers=%d reason=%r",
            type(change).__name__,
            change.clusters,
            change.workers,
            change.reason,
        )
        clusters = f"{change.clusters} cluster{'s' if change.clusters != 1 else ''}"
        workers = f"{change.workers} worker{'s' if change.workers != 1 else ''}"
        self._tell(f"To {clusters} with {workers} each: {change.reason}.")
        self._errand = _Errand(self._scaler, change)
        self._errand.start()

    def _finish(self, errand: "_Errand", now_s: float) -> None:
        """Note how a change has ended; one that was refused is tried again later."""
        self._errand = None
        self._memory = self._memory.changed(now_s)
        match errand.problem:
            case None:
                log.info("done clusters=%d workers=%d", *errand.asked)
                self._tell("Done.")
            case Refused() as error:
                log.warning("refused reason=%r", str(error))
                self._tell(f"That cannot be now: {error}")
            case error:
                raise error

    def _be_blind(self, reason: str) -> None:
        """Say once that nobody knows what should run."""
        if reason != self._blindness:
            log.warning("nothing can be decided reason=%r", reason)
        self._blindness = reason


class _Errand(threading.Thread):
    """One change, beside all else; the process may end before it does."""

    def __init__(self, scaler: Scaler, change: Change) -> None:
        super().__init__(name="scaling", daemon=True)
        self.asked = (change.clusters, change.workers)
        self.problem: Exception | None = None
        self._scaler = scaler

    def run(self) -> None:
        try:
            self._scaler.to(*self.asked)
        except Exception as error:  # noqa: BLE001 - raised again by who asked for it
            self.problem = error
