"""Empties clusters and opens them again, while the rest of the system runs.

A drain is closed, waited for, and stopped. Closing and stopping are done alone, the
wait in between is not: `down`, `undrain` and others may come, and then they win.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from compose import running
from compose.errors import Refused
from compose.layout import Layout
from compose.report import Report
from compose.scaling import closing, drains
from compose.scaling.audience import Audience, NoMain
from compose.scaling.closing import check_cluster, check_room
from compose.scaling.drains import Drain
from compose.scaling.fleet import Fleet
from compose.scaling.waiting import Waiting
from compose.settings import Settings

PATIENCE_S = 30.0
"""So much longer than its spread a drain waits for those who have not gone."""

_ASKS_MAIN_EVERY_S = 2.0
"""A main broker that is started again has forgotten who is to go."""


class Abandoned(Refused):
    """Who waited was told to stop; the clusters stay closed unless it opens them."""


@dataclass(frozen=True, slots=True)
class Wait:
    """How a drain waits for who is to go."""

    abandoned: threading.Event
    """Ends it when it is set."""

    patience_s: float
    """How much longer than the spread it is."""


class Draining:
    """Closes, waits, stops, and opens.

    Args:
        layout: Of the system.
        report: Told each step.
        fleet: Its processes.
        audience: Returns the registered clients of the system of some settings.
        wait: How it waits.
    """

    def __init__(
        self,
        layout: Layout,
        report: Report,
        fleet: Fleet,
        audience: Callable[[Settings], Audience],
        wait: Wait,
    ) -> None:
        self._layout, self._report, self._fleet = layout, report, fleet
        self._audience_of, self._how = audience, wait

    def drain(
        self,
        clusters: Sequence[str],
        spread_s: float,
        *,
        force: bool,
        is_leaving: bool = False,
    ) -> None:
        """Close clusters, wait until they are empty, and stop them.

        Args:
            clusters: Which; those that are closed already are only waited for.
            spread_s: Over how long their members go.
            force: Whether to stop them also if somebody has not gone in time.
            is_leaving: Whether there are to be fewer clusters then.

        Raises:
            Refused: If they cannot be closed, were opened meanwhile, or somebody has
                not gone: then they stay closed.
        """
        closed = self._close(clusters, spread_s, force=force, is_leaving=is_leaving)
        try:
            self._wait(closed, force=force)
            while not self._stop_if_left(closed, force=force):
                self._wait(closed, force=force)
        except KeyboardInterrupt:
            self._report.say(closing.stays_closed(closed))
            raise

    def open(self, cluster: str) -> None:
        """Open a cluster, started if it was stopped, and return when it is ready.

        Raises:
            Refused: If it is not drained, or cannot be opened.
        """
        with running.alone(self._layout, self._report):
            settings = self._fleet.settings()
            check_cluster(settings, cluster)
            noted = drains.read(self._layout)
            before = noted.pop(cluster, None)
            # Said first: an undrain that was interrupted can be given again.
            self._audience_of(settings).tell(noted.values())
            if before is None:
                raise Refused(f"{cluster} is not drained.")
            # The note goes last, for the same reason.
            drains.add(self._layout, drains.as_running(before))
            try:
                self._fleet.start_clusters(settings, {cluster})
            except BaseException:
                with running.uninterrupted():
                    self._close_again(settings, before)
                raise
            drains.remove(self._layout, cluster)
            self._report.say(f"{cluster} is open.")

    def _close(
        self,
        clusters: Sequence[str],
        spread_s: float,
        *,
        force: bool,
        is_leaving: bool,
    ) -> list[Drain]:
        with running.alone(self._layout, self._report):
            settings = self._fleet.settings()
            for cluster in clusters:
                check_cluster(settings, cluster)
            self._fleet.fit(settings)  # where a stop was not finished
            noted = drains.read(self._layout)
            audience = self._audience_of(settings)
            fresh = [name for name in clusters if name not in noted]
            if fresh:
                check_room(settings, fresh, noted.keys(), audience.seen())
            closed = []
            for name in clusters:
                before = noted.get(name)
                if before and before.is_stopped and not is_leaving:
                    raise Refused(
                        f"{name} is drained already: `emostream undrain {name}` opens"
                        " it."
                    )
                drain = drains.begun(name, spread_s, is_leaving=is_leaving)
                if before and (before.is_stopped or force):
                    drain = drains.as_before(drain, before)
                closed.append(drain)
            try:
                for drain in closed:
                    drains.add(self._layout, drain)
                audience.tell(drains.read(self._layout).values())
            except BaseException:
                with running.uninterrupted():
                    drains.put_back(self._layout, clusters, noted)
                    with contextlib.suppress(NoMain):  # it may have heard, all the same
                        audience.tell(noted.values())
                raise
        self._report.say(closing.are_closed(closed))
        return closed

    def _close_again(self, settings: Settings, before: Drain) -> None:
        drains.add(self._layout, before)
        if before.is_stopped:
            self._stop([before])
        with contextlib.suppress(NoMain):
            self._audience_of(settings).tell(drains.read(self._layout).values())

    def _stop_if_left(self, closed: Sequence[Drain], *, force: bool) -> bool:
        """Stop clusters unless somebody is there again; return whether it was done."""
        with running.alone(self._layout, self._report):
            self._look_again(closed)
            waited_for = [drain.cluster for drain in self._running(closed)]
            audience = self._audience_of(self._fleet.settings())
            is_left = not waited_for or Waiting(audience, waited_for).is_over()
            if not is_left and not force:
                return False
            self._stop(closed)
            return True

    def _wait(self, closed: Sequence[Drain], *, force: bool) -> None:
        """Return when nobody is left, or with `force` when the time is up.

        Also when another command has stopped one of them: its broker says nothing more.
        """
        waited_for = self._running(closed)
        if not waited_for:
            return
        audience = self._audience_of(self._fleet.settings())
        waiting = Waiting(audience, [drain.cluster for drain in waited_for])
        deadline = time.monotonic() + max(
            drain.patience_s(self._how.patience_s) for drain in waited_for
        )
        tell_s = time.monotonic() + _ASKS_MAIN_EVERY_S
        while not waiting.is_over():
            for line in waiting.news():
                self._report.say(line)
            if time.monotonic() > deadline:
                if force:
                    return
                why = waiting.silence or f"{closing.still_there(waiting.left)}."
                raise Refused(f"{why} {closing.stays_closed(waited_for)}")
            if self._how.abandoned.wait(waiting.POLL_S):
                given_up = "The wait for it was given up."
                raise Abandoned(f"{given_up} {closing.stays_closed(waited_for)}")
            self._look_again(waited_for)
            if len(self._running(waited_for)) < len(waited_for):
                return
            if time.monotonic() > tell_s:
                tell_s = time.monotonic() + _ASKS_MAIN_EVERY_S
                self._tell_again(audience)
        for line in waiting.news():
            self._report.say(line)

    def _running(self, closed: Sequence[Drain]) -> list[Drain]:
        """Return those that nobody has stopped yet."""
        stopped = drains.stopped(self._layout)
        return [
            drain
            for drain in closed
            if not drain.is_stopped and drain.cluster not in stopped
        ]

    def _tell_again(self, audience: Audience) -> None:
        # Who opens a cluster says so before the note is gone, and must be the last.
        with running.alone_if_free(self._layout) as is_free:
            if is_free:
                noted = drains.read(self._layout).values()
                with contextlib.suppress(NoMain):  # who waits says so
                    if not audience.is_told(noted):
                        audience.tell(noted)

    def _look_again(self, closed: Sequence[Drain]) -> None:
        """Make sure that the drains are still wanted.

        Raises:
            Refused: If they are not.
        """
        names = closing.names_of(closed)
        if self._fleet.is_gone:
            raise Refused(f"EmoStream was taken down while {names} was being left.")
        noted = drains.read(self._layout)
        opened = [drain.cluster for drain in closed if drain.cluster not in noted]
        if opened:
            raise Refused(
                f"{' and '.join(opened)} is open again: an `undrain`, or a new start,"
                " came meanwhile."
            )

    def _stop(self, closed: Sequence[Drain]) -> None:
        for drain in closed:
            drains.add(self._layout, drains.as_stopped(drain))
        self._fleet.stop_clusters([drain.cluster for drain in closed])
