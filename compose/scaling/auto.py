"""The loop that looks at the load and has the system scaled.

It looks every second, and asks for one change at a time. A change takes as long as it
takes (a cluster is drained within half a minute) and happens beside it. A drain is
given up when more is needed meanwhile. The loop ends when it is told to; what was begun
then is finished by the next one, which has that done first.
"""

import logging
import math
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from clients.event import Event
from compose.errors import Refused
from compose.scaling.bounds import Bounds
from compose.scaling.calls import (
    AddCluster,
    AddWorker,
    Change,
    RemoveCluster,
    RemoveWorker,
)
from compose.scaling.decision import Memory, Pace, decide
from compose.scaling.draining import Abandoned
from compose.scaling.hearing import Hearing
from compose.scaling.load import Size

LOOK_EVERY_S = 1.0
"""As often as the workers tell how they are."""

log = logging.getLogger("scaling")


class Scaler(Protocol):
    """Changes what runs."""

    def to(
        self, clusters: int | None, workers: int | None, abandoned: threading.Event
    ) -> None:
        """Have so many clusters, each with so many workers; return when it is done.

        Called again with the same after it was cut off, it goes on.

        Args:
            clusters: How many; None is as many as there should be now.
            workers: Of each; the same.
            abandoned: Ends the wait for who is to move when it is set.

        Raises:
            Refused: If that cannot be, or was abandoned; says why.
        """
        ...


class AutoScaler:
    """Takes what is heard of the load, and changes the size by it.

    Args:
        scaler: Carries out what is decided, in a thread of its own.
        size: Says what should run now.
        bounds: Between which the size may be changed.
        pace: How fast.
        machine_busy: Says how many threads want each CPU; None where nobody knows.
        tell: Where each decision is told beside the log.
    """

    def __init__(  # noqa: PLR0913 - each is one thing to know, half of them by name
        self,
        scaler: Scaler,
        size: Callable[[], Size],
        bounds: Bounds,
        *,
        pace: Pace | None = None,
        machine_busy: Callable[[], float | None] = lambda: None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._scaler, self._size, self._bounds = scaler, size, bounds
        self._pace, self._tell = pace or Pace(), tell
        self._hearing, self._machine_busy = Hearing(), machine_busy
        self._memory = Memory()
        self._looked_s = 0.0
        self._errand: _Errand | None = None
        self._instead: Change | None = None
        """What is done when the errand, which was given up for it, has ended."""
        self._is_whole = False
        """Whether what an earlier scaler may have left half done is done."""
        self._tried_s = -math.inf
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
            self._errand.abandoned.set()
            self._errand.join(within_s)
            if isinstance(self._errand.problem, Abandoned):
                log.info("left reason=%r", str(self._errand.problem))
                self._tell(str(self._errand.problem))

    def _look(self, now_s: float) -> None:
        if self._errand and not self._errand.is_alive():
            self._finish(self._errand, now_s)
        try:
            size = self._size()
        except Refused as error:
            self._be_blind(str(error))
            return
        self._blindness = ""
        heard = self._hearing.load(size, now_s)
        load = replace(heard, machine_busy=self._machine_busy())
        decision, self._memory = decide(
            load, self._bounds, self._memory, now_s, self._pace
        )
        log.debug("look load=%s decision=%s", load, decision)
        if isinstance(decision, Change):
            self._take_up(decision)
        elif decision.is_news:
            log.warning("no change reason=%r", decision.reason)
            self._tell(f"No change: {decision.reason}.")
        elif decision.is_held:
            log.info("held back reason=%r", decision.reason)
            self._tell(f"Not yet: {decision.reason}.")
        if self._may_be_half_done(size, now_s):
            log.info("begun what=%r", "what may have been left half done")
            self._tried_s = now_s
            self._send(None)

    def _may_be_half_done(self, size: Size, now_s: float) -> bool:
        """Tell whether to have what runs made whole: a drain goes by the load."""
        passed_s = now_s - self._tried_s
        is_free = not self._errand and passed_s >= self._pace.up_pause_s
        return is_free and not self._is_whole and not size.leaving

    def _take_up(self, change: Change) -> None:
        """Begin a change; while another one goes on, only one that is pressing."""
        if not self._errand:
            self._begin(change)
            return
        is_drain = isinstance(self._errand.change, RemoveCluster)
        if is_drain and isinstance(change, AddCluster) and not self._instead:
            log.info("given up reason=%r", change.reason)
            self._tell(f"The drain is given up: {change.reason}.")
            self._instead = change
            self._errand.abandoned.set()

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
        self._send(change)

    def _send(self, change: Change | None) -> None:
        self._errand = _Errand(self._scaler, change)
        self._errand.start()

    def _finish(self, errand: "_Errand", now_s: float) -> None:
        """Note how a change has ended; one that was refused is tried again later."""
        self._errand = None
        if errand.change:
            self._memory = self._memory.changed(now_s)
        instead, self._instead = self._instead, None
        match errand.problem:
            case None:
                self._is_whole = True
                self._tell_done(errand.change)
            case Refused() if instead:
                log.info("left reason=%r", str(errand.problem))
            case Refused() as error:
                if isinstance(errand.change, AddCluster | AddWorker):
                    # What was ready stays, and some of it may be missing.
                    self._is_whole, self._tried_s = False, now_s
                log.warning("refused reason=%r", str(error))
                self._tell(f"{error} {self._when_again(errand.change)}")
            case error:
                raise error
        if instead:
            self._begin(instead)

    def _when_again(self, change: Change | None) -> str:
        """Say when a change that was refused may come again: a person may be first."""
        is_down = isinstance(change, RemoveCluster | RemoveWorker)
        pause_s = self._pace.down_pause_s if is_down else self._pace.up_pause_s
        again = "It is tried again, if it is called for then,"
        return f"{again} in {pause_s:.0f} s; until then `emostream scale` may be used."

    def _tell_done(self, change: Change | None) -> None:
        if change:
            log.info("done clusters=%d workers=%d", change.clusters, change.workers)
            self._tell("Done.")

    def _be_blind(self, reason: str) -> None:
        """Say once that nobody knows what should run."""
        if reason != self._blindness:
            log.warning("nothing can be decided reason=%r", reason)
        self._blindness = reason


class _Errand(threading.Thread):
    """One change, beside all else; the process may end before it does.

    Args:
        scaler: Makes it.
        change: Which; None has what there should be now made whole.
    """

    def __init__(self, scaler: Scaler, change: Change | None) -> None:
        super().__init__(name="scaling", daemon=True)
        self.change, self.abandoned = change, threading.Event()
        self.problem: Exception | None = None
        self._scaler = scaler

    def run(self) -> None:
        clusters = self.change.clusters if self.change else None
        workers = self.change.workers if self.change else None
        try:
            self._scaler.to(clusters, workers, self.abandoned)
        except Exception as error:  # noqa: BLE001 - raised again by who asked for it
            self.problem = error
