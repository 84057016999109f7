"""A Mosquitto on its own: one publisher, frames of real size, many viewers."""

import resource
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from compose.setup.system import find_program
from mosquitto.topic import room_frame
from tests.integration.processes import accepts, end, free_port, spawn, wait_until
from tests.load.child import ask
from tests.load.closed_loop import LOOPBACK
from tests.load.measured import Absent, ReferenceRun
from tests.load.references import samples
from tests.load.references.fan_out import FannedOut, FanOut

VIEWERS_COUNT = 500

_START_WITHIN_S = 10
_STOP_WITHIN_S = 5
_SLACK_S = 60


class BareMosquitto:
    """The broker as it comes, but for one line."""

    name = "bare-mosquitto"
    title = f"A bare Mosquitto with {VIEWERS_COUNT} viewers"
    unit = "delivery"
    beside_system = False

    def __init__(self, folder: Path) -> None:
        """Let its configuration and its log lie in `folder`."""
        self._config = folder / "bare-mosquitto.conf"
        self.port = free_port()
        self.pid = 0
        """Of the broker, while it runs."""
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Start the broker.

        Raises:
            Absent: If it is not installed.
        """
        program = find_program("mosquitto")
        if program is None:
            raise Absent("Mosquitto is not installed: make setup")
        self._config.write_text(
            f"listener {self.port} {LOOPBACK}\nallow_anonymous true\n"
            # Else 2.0.11 looks through all earlier receivers for each delivery.
            "allow_duplicate_messages true\nset_tcp_nodelay true\n"
        )
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # the broker's, too
        with ExitStack() as stack:
            log = self._config.with_suffix(".log")
            broker = spawn([program, "-c", str(self._config)], log)
            stack.callback(end, broker, within_s=_STOP_WITHIN_S)
            wait_until(
                lambda: accepts(self.port), within_s=_START_WITHIN_S, what=program
            )
            self.pid = broker.pid
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """End the broker."""
        self._stack.close()

    def measure(self, seconds: float) -> ReferenceRun:
        """Let viewers come, and publish to them for so long."""
        payload = samples.frame()
        order = FanOut(
            port=self.port,
            topic=room_frame(samples.ROOM),
            payload=payload,
            viewers=VIEWERS_COUNT,
            seconds=seconds,
            broker=self.pid,
        )
        module = "tests.load.references.fan_out"
        done = ask(module, order, FannedOut, within_s=seconds + _SLACK_S)
        rate_per_s, cores = done.deliveries / done.seconds, done.cores["mosquitto"]
        return ReferenceRun(
            name=self.name,
            unit=self.unit,
            rate_per_s=rate_per_s,
            cpu_cores=cores,
            per_core_s=rate_per_s / cores,
            details={
                "viewers": VIEWERS_COUNT,
                "frame_bytes": len(payload),
                "p50_ms": done.p50_ms,
                "p99_ms": done.p99_ms,
                "viewers_cores": done.cores["viewers"],
            },
        )
