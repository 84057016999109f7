"""Tells a main broker that was started again which clusters are to be left.

It keeps nothing on disk, and the command that closed a cluster may have ended long ago.
Whoever starts processes again looks here; what telling needs is loaded only for that.
"""
# ruff: noqa: PLC0415

import logging
from collections.abc import Callable, Iterable, Mapping

from compose.errors import Refused
from compose.layout import Layout
from compose.scaling import drains
from compose.scaling.drains import Drain
from compose.supervision.rpc import ProcessInfo, State, SupervisorEnds

MAIN = "mosquitto-main"
"""The main broker's process."""

log = logging.getLogger(__name__)


class Reminder:
    """Says the notes of drains once to each main broker.

    Args:
        layout: Of the system.
        tell: Tells the running system's main broker which clusters are to be left.
    """

    def __init__(
        self, layout: Layout, tell: Callable[[Iterable[Drain]], None] | None = None
    ) -> None:
        self._layout, self._tell = layout, tell or self._tell_main
        self._told_pid = 0

    def look(self, processes: Mapping[str, ProcessInfo]) -> None:
        """Say what is to be said; what cannot be said now is said at a later look.

        Args:
            processes: What runs, by name.
        """
        main = processes.get(MAIN)
        if not main or main.state is not State.RUNNING or main.pid == self._told_pid:
            return
        if not drains.read(self._layout) or self._say():
            self._told_pid = main.pid

    def _say(self) -> bool:
        """Return whether main knows."""
        from compose import running

        # Who closes or opens a cluster says so, and must be the last.
        with running.alone_if_free(self._layout) as is_free:
            if not is_free:
                return False
            noted = drains.read(self._layout)
            try:
                self._tell(noted.values())
            except SupervisorEnds:
                raise
            except (Refused, OSError) as error:
                log.warning("main was not told who is to go reason=%r", str(error))
                return False
        log.info("main was told again who is to go clusters=%s", ",".join(noted))
        return True

    def _tell_main(self, noted: Iterable[Drain]) -> None:
        from compose import running
        from compose.scaling.audience import AudienceAtMain

        AudienceAtMain(running.noted(self._layout)).tell(noted)
