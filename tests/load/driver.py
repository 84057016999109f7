"""Starts the generator's process, waits for its start, and takes its book."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from clients.crowd.sending import REPEAT_FOR_S, Sendings
from tests.load.child import ROOT
from tests.load.schedule import Plan

_STARTS_WITHIN_S = 60
_ENDS_WITHIN_S = REPEAT_FOR_S + 20
"""After its last send: as long as it may repeat what was not answered."""


class GeneratorFailed(Exception):
    """The generator ended without its book; the text is what it wrote."""


class Driver:
    """A running generator."""

    def __init__(self, process: subprocess.Popen[bytes], plan: Plan) -> None:
        self._process, self._plan = process, plan
        self.pid = process.pid
        self.started_s = msgspec.json.decode(self._line(_STARTS_WITHIN_S), type=float)
        """When the first POST is due, in seconds since the epoch."""

    def book(self) -> Sendings:
        """Wait for the generator's end and return what became of every POST.

        Raises:
            GeneratorFailed: If it ended otherwise, or does not end.
        """
        line = self._line(self._plan.seconds + _ENDS_WITHIN_S)
        return msgspec.json.decode(line, type=Sendings)

    def _line(self, within_s: float) -> bytes:
        """Read a line; who takes too long is killed and leaves none."""
        assert self._process.stdout
        killer = threading.Timer(within_s, self._process.kill)
        killer.start()
        try:
            line = self._process.stdout.readline()
        finally:
            killer.cancel()
        if not line.endswith(b"\n"):
            raise GeneratorFailed(f"no book: it ended with {self._process.wait()}")
        return line


@contextmanager
def generator(plan: Plan) -> Iterator[Driver]:
    """Run a generator; it is ended with the block, whatever it is at.

    Raises:
        GeneratorFailed: If it does not start.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "tests.load.generator"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        process_group=0,  # a Ctrl-C is ours to handle
    ) as process:
        assert process.stdin
        try:
            process.stdin.write(msgspec.json.encode(plan) + b"\n")
            process.stdin.flush()
            yield Driver(process, plan)
        finally:
            process.kill()
