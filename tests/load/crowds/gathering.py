"""A crowd in a thread of its own, so that things can be done to it meanwhile."""

import threading
from collections.abc import Callable
from typing import Self

from clients.crowd.crowd import Crowd
from clients.crowd.plan import BadPlan, Plan
from clients.crowd.progress import Phase, Progress
from clients.crowd.report import Report
from tests.load.measured import Failed

_STARTS_AND_JOINS_S = 70.0
_ENDS_WITHIN_S = 180.0


class NoCrowd(Failed):
    """It did not come, or did not say what it found; the text says why."""


class Gathering:
    """Runs while its block does, or until its plan is carried out.

    Args:
        plan: Who comes, and what they do.

    Raises:
        NoCrowd: If that is too many for this machine, for example.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        try:
            self._crowd = Crowd(plan)
        except BadPlan as error:
            raise NoCrowd(str(error)) from error
        self._changed = threading.Condition()
        self._progress: Progress | None = None
        self._report: Report | None = None
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="crowd", daemon=True)

    def __enter__(self) -> Self:
        """Let them come."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Send away who is still there, without waiting for anything."""
        self._crowd.stop()
        self._crowd.stop()
        self._thread.join(_ENDS_WITHIN_S)

    @property
    def pids(self) -> dict[str, int]:
        """Its processes, by name."""
        return self._crowd.pids

    def mark(self) -> None:
        """From now on: when does everybody get what is newer than all before?"""
        self._crowd.mark()

    def stop(self) -> None:
        """End soon."""
        self._crowd.stop()

    def wait_until_there(self) -> None:
        """Wait until all have joined, or there was time enough.

        Raises:
            NoCrowd: If it ends instead.
        """
        self._wait(
            lambda: (
                self._progress is not None and self._progress.phase is not Phase.JOINING
            ),
            _STARTS_AND_JOINS_S + self._plan.coming_s,
        )

    def wait_until_sent(self) -> None:
        """Wait until nothing more is to be sent.

        Raises:
            NoCrowd: If it ends instead.
        """
        self._wait(
            lambda: (
                self._report is not None
                or (
                    self._progress is not None
                    and self._progress.phase in {Phase.SETTLING, Phase.LEAVING}
                )
            ),
            _ENDS_WITHIN_S + (self._plan.seconds or 0),
        )

    def report(self) -> Report:
        """Wait for what it found.

        Raises:
            NoCrowd: If it failed, or does not say.
        """
        lasts_s = self._plan.seconds or 0
        self._wait(lambda: self._report is not None, _ENDS_WITHIN_S + lasts_s)
        assert self._report
        return self._report

    def _wait(self, is_so: Callable[[], bool], within_s: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._error or is_so(), within_s)
            if self._error:
                raise NoCrowd(str(self._error)) from self._error
            if not is_so():
                raise NoCrowd(f"after {within_s:.0f} s it stands at {self._progress}")

    def _run(self) -> None:
        report, error = None, None
        try:
            report = self._crowd.run(self._take)
        except Exception as problem:  # noqa: BLE001 - who waits is told
            error = problem
        with self._changed:
            self._report, self._error = report, error
            self._changed.notify_all()

    def _take(self, progress: Progress) -> None:
        with self._changed:
            self._progress = progress
            self._changed.notify_all()
