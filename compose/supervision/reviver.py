"""Starts again what ended, for ever, and counts it: supervisord's event listener.

An event only wakes it up. What it does follows from the states of all processes,
which it also looks at every few seconds and when it starts itself: nothing stays
down because an event, or this process, was lost.
"""

import contextlib
import logging
import random
import re
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NoReturn, Protocol, TextIO

from supervisor import childutils

from compose import logs, logtail
from compose.layout import Layout
from compose.scaling.reminding import Reminder
from compose.supervision import kept, restarts
from compose.supervision.restarts import BadRestarts, Restarts
from compose.supervision.revival import Revival, Revivals
from compose.supervision.rpc import (
    REVIVER,
    NoSupervisor,
    ProcessInfo,
    StartRefused,
    State,
    Supervisor,
    SupervisorEnds,
)

SUPERVISOR = "supervisord"

LOOKS_EVERY_S = 5.0
_SPREAD = (0.8, 1.0)  # above 1 the longest pauses would all be cut to the same
_LOG_LINES = 50

_EXITED = re.compile(r" exited: (\S+) \((.*); (?:not )?expected\)$")

log = logging.getLogger(REVIVER)


class Orders(Protocol):
    """What the reviver needs of a supervisord."""

    def processes(self) -> dict[str, ProcessInfo]:
        """Return what it runs, by name."""
        ...

    def start(self, process: ProcessInfo) -> None:
        """Start a process and return without waiting for it."""
        ...


class Reviver:
    """Looks at all processes and starts again what has ended and is due."""

    def __init__(
        self,
        layout: Layout,
        orders: Orders,
        *,
        now_s: Callable[[], float],
        spread: Callable[[float], float],
        after_look: Callable[[Mapping[str, ProcessInfo]], None] = lambda _: None,
    ) -> None:
        self._layout = layout
        self._orders = orders
        self._now_s, self._after_look = now_s, after_look
        self._revivals = Revivals(spread)
        self._reasons: dict[str, str] = {}
        self._counted = self._counted_before()
        self._write_down()

    def look(self) -> float:
        """Do what is due; return after how many seconds to look again at the latest.

        Raises:
            NoSupervisor: If supervisord does not answer.
        """
        found = self._orders.processes()
        for revival in self._revivals.plan(
            found.values(), kept.names(self._layout), self._now_s()
        ):
            self._announce(revival)
        due = self._revivals.take_due(self._now_s())
        for revival in due:
            self._revive(revival)
        with _disk_troubles_told():
            restarts.note_look(self._layout)
        self._after_look(found)
        if due:
            return 0.0  # one that could not be started causes no event
        next_s = self._revivals.next_s()
        if next_s is None:
            return LOOKS_EVERY_S
        return min(LOOKS_EVERY_S, max(0.0, next_s - self._now_s()))

    def _announce(self, revival: Revival) -> None:
        process = revival.process
        reason = self._reasons[process.name] = self._reason(process)
        log.warning(
            "down process=%s reason=%r ends_in_a_row=%d restart=%d after_s=%.1f",
            process.name,
            reason,
            revival.soon + 1,
            self._restarts_of(process.name).count + 1,
            revival.pause_s,
        )

    def _revive(self, revival: Revival) -> None:
        process = revival.process
        # Counted first: a count too many is a smaller lie than one too few.
        self._note(process.name, self._reasons[process.name])
        try:
            self._orders.start(process)
        except StartRefused as error:
            log.warning("not started process=%s reason=%r", process.name, str(error))
        else:
            log.info("started process=%s", process.name)

    def _reason(self, process: ProcessInfo) -> str:
        lines = logtail.tail(self._layout.log_of(SUPERVISOR), lines=_LOG_LINES)
        return why_down(process, lines)

    def _restarts_of(self, name: str) -> Restarts:
        return self._counted.get(name, restarts.NONE)

    def _note(self, name: str, reason: str) -> None:
        self._counted[name] = self._restarts_of(name).and_one(time.time(), reason)
        self._write_down()

    def _write_down(self) -> None:
        with _disk_troubles_told():
            restarts.write(self._layout, self._counted)

    def _counted_before(self) -> dict[str, Restarts]:
        """Return the counts of the reviver before this one, with its own end."""
        try:
            counted = restarts.read(self._layout)
        except BadRestarts as error:
            log.warning("restarts are counted anew reason=%s", error)
            counted = {}
        if restarts.looked_at_s(self._layout) is not None:
            mine = counted.get(REVIVER, restarts.NONE)
            counted[REVIVER] = mine.and_one(time.time(), "it ended itself")
            log.warning("started again restart=%d", counted[REVIVER].count)
        return counted


def why_down(process: ProcessInfo, supervisor_log: Sequence[str]) -> str:
    """Say why a process is down, if possible in the words of supervisord's log.

    The log alone names a signal; supervisord's answers do not.
    """
    if process.state is State.FATAL:
        return process.spawn_error or "it could not be started"
    for line in reversed(supervisor_log):
        found = _EXITED.search(line)
        if found and found[1] == process.name:
            return found[2]
    return (
        "a signal" if process.exit_status < 0 else f"exit status {process.exit_status}"
    )


class Events:
    """supervisord's events as they come to a listener, one at a time."""

    def __init__(self, stdin: TextIO, stdout: TextIO) -> None:
        self._stdin, self._stdout = stdin, stdout
        childutils.listener.ready(stdout)

    def wait(self, within_s: float) -> bool:
        """Wait for an event or until time is up; return whether to go on.

        Raises:
            BrokenPipeError: If supervisord is gone.
        """
        readable, _, _ = select.select([self._stdin], [], [], within_s)
        if not readable:
            return True
        line = self._stdin.readline()
        if not line:
            return False
        about = childutils.get_headers(line)
        self._stdin.read(int(about["len"]))
        childutils.listener.ok(self._stdout)
        if about["eventname"] == "SUPERVISOR_STATE_CHANGE_STOPPING":
            return False
        childutils.listener.ready(self._stdout)
        return True


def run(layout: Layout) -> None:
    """Revive until supervisord ends."""
    supervisor = Supervisor(layout.socket)
    reviver = Reviver(
        layout,
        supervisor,
        now_s=time.monotonic,
        spread=_by_chance,
        after_look=Reminder(layout).look,
    )
    wait_s = 0.0
    signal.signal(signal.SIGTERM, _told_to_end)
    with contextlib.suppress(SupervisorEnds, BrokenPipeError):
        events = Events(sys.stdin, sys.stdout)
        while events.wait(wait_s):
            try:
                wait_s = reviver.look()
            except SupervisorEnds:
                raise
            except NoSupervisor as error:
                log.warning("supervisord is asked again reason=%s", error)
                wait_s = LOOKS_EVERY_S
    log.info("ended: there is nothing to revive any more")


@contextlib.contextmanager
def _disk_troubles_told() -> Iterator[None]:
    """Go on without a note: a full disk is when processes end and are needed again."""
    try:
        yield
    except OSError as error:
        log.warning("restarts not written down reason=%r", str(error))


def _told_to_end(*_: object) -> NoReturn:
    raise SupervisorEnds("all is about to be stopped")


def _by_chance(pause_s: float) -> float:
    return pause_s * random.uniform(*_SPREAD)  # noqa: S311 - jitter


if __name__ == "__main__":
    logs.configure("INFO")
    run(Layout(Path(sys.argv[1])))
