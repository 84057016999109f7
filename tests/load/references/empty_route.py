"""The empty Flask route, measured in turn with our single POSTs: A B A B …

Both get the same bytes from the same loop, on gunicorns that differ in the app alone.
"""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from compose.settings import Settings
from tests.integration.processes import free_port
from tests.load.closed_loop import Loop, LoopRun, drive, post
from tests.load.cpu import listener_on
from tests.load.measured import ReferenceRun
from tests.load.references import samples
from tests.load.references.web_server import web_server

CONNECTIONS = 32
"""A phone each; with more, answers only wait for longer."""

_ACCEPTED = 202
_WARMUP_S = 1.0
"""Before each turn: the system has counted by then what the turn before sent."""


class EmptyRoute:
    """Flask and gunicorn without any work of ours."""

    name = "empty-flask-route"
    title = "An empty Flask route on the same gunicorn"
    unit = "POST"
    beside_system = True

    def __init__(self, settings: Settings, folder: Path) -> None:
        """Compare with the system that runs with these settings.

        Args:
            settings: The system's; the empty route is served with the same.
            folder: Where the reference may write.
        """
        self._settings, self._folder = settings, folder
        self._port = free_port()
        self._stack = ExitStack()
        self._pid = 0

    def __enter__(self) -> Self:
        """Start the empty route."""
        own = self._settings.model_copy(
            update={"http_port": self._port, "state_dir": self._folder / "empty-route"}
        )
        command = [sys.executable, "-m", "tests.load.references.empty_app"]
        log = self._folder / "empty-route.log"
        server = web_server(command, self._port, log, own.as_environment())
        self._pid = self._stack.enter_context(server)
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._stack.close()

    def measure(self, seconds: float) -> ReferenceRun:
        """Measure ours for half of the time, then the empty route."""
        our_port = self._settings.http_port
        ours = _turn(our_port, listener_on(our_port), seconds / 2)
        empty = _turn(self._port, self._pid, seconds / 2)
        per_core_s = empty.per_s / empty.server_cores
        our_per_core_s = ours.per_s / ours.server_cores
        return ReferenceRun(
            name=self.name,
            unit=self.unit,
            rate_per_s=empty.per_s,
            cpu_cores=empty.server_cores,
            per_core_s=per_core_s,
            details={
                "connections": CONNECTIONS,
                "p50_ms": empty.p50_ms,
                "p99_ms": empty.p99_ms,
                "ours_per_s": ours.per_s,
                "ours_web_cores": ours.server_cores,
                "ours_p50_ms": ours.p50_ms,
                "ours_p99_ms": ours.p99_ms,
                "ratio": ours.per_s / empty.per_s,
                "ratio_per_core": our_per_core_s / per_core_s,
            },
        )


def _turn(port: int, pid: int, seconds: float) -> LoopRun:
    request = post(f"/v1/rooms/{samples.ROOM}/reactions", samples.body(1))
    loop = Loop(
        port=port,
        requests=[request],
        connections=CONNECTIONS,
        seconds=seconds,
        warmup_s=_WARMUP_S,
        servers={"web": pid},
    )
    return drive(loop).only(_ACCEPTED)
