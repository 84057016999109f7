"""Real processes for tests: ports, deadlines, and an end by their own id."""

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

import pytest

LOOPBACK = "127.0.0.1"

_FIRST_PORT, _PORTS = 10_000, 22_000
_SHARE = _PORTS // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_OURS = _FIRST_PORT + _SHARE * int(
    os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
)

_given: set[int] = set()
"""Ports handed out: what stopped for a moment must find its own again."""


def free_port() -> int:
    return free_ports(1)


def free_ports(count: int) -> int:
    """Return the first of `count` ports in a row.

    They lie below those that the kernel hands out: between now and their use no
    connection gets one of them by chance. None is returned twice, and each process
    of a run in several has a range of its own.
    """
    while True:
        first = random.randrange(_OURS, _OURS + _SHARE - count)
        ports = range(first, first + count)
        if _given.isdisjoint(ports) and all(map(_is_free, ports)):
            _given.update(ports)
            return first


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


def absent(reason: str) -> NoReturn:
    """Skip what cannot be tested here; where everything must be, fail."""
    if "CI" in os.environ:
        pytest.fail(reason)
    pytest.skip(reason)


def wait_until(ready: Callable[[], bool], *, within_s: float, what: str) -> None:
    """Look again and again, for no more than a quarter of the time."""
    deadline = time.monotonic() + within_s
    while True:
        began_s = time.monotonic()
        if ready():
            return
        now_s = time.monotonic()
        if now_s > deadline:
            raise TimeoutError(f"{what}: not within {within_s:.0f} s")
        time.sleep(min(max(0.02, 3 * (now_s - began_s)), 0.5))


def spawn(
    command: list[str], log: Path, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env=environment
        )


def end(process: subprocess.Popen[bytes], *, within_s: float) -> None:
    process.terminate()
    try:
        process.wait(within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class RealProcess:
    """A part that can be stopped, killed, paused, and started again."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._running().pid

    def run(self, command: list[str]) -> None:
        """Start it; it is not ready yet."""
        self._process = spawn(command, self._log)

    def stop(self) -> None:
        """Let it end in order."""
        if self._process:
            end(self._process, within_s=30)
            self._process = None

    def kill(self) -> None:
        """End it as a crash does."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Make it hang: connections stay, nothing answers."""
        self._running().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Wake it up again."""
        self._running().send_signal(signal.SIGCONT)

    def log(self) -> str:
        """Return what it wrote."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def assert_running(self) -> None:
        """Fail at once, with its log, if it ended by itself."""
        assert self._running().poll() is None, f"it ended:\n{self.log()}"

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process, "it is not running"
        return self._process
