"""The clock that is stepped for the processes of a system, and for no others."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.clock import FILE_VARIABLE, clock_in, step_file
from tests.integration.processes import absent

ASKED = """
import ctypes, json, time

class Moment(ctypes.Structure):
    _fields_ = [("s", ctypes.c_long), ("ns", ctypes.c_long)]

libc = ctypes.CDLL(None)
free = ctypes.create_string_buffer(64)
libc.sem_init(free, 0, 0)
while input():
    begin_s = time.monotonic()
    until = Moment(int(time.time()) + 2, 0)
    libc.sem_timedwait(free, ctypes.byref(until))
    waited_s = time.monotonic() - begin_s
    seen = {"waited_s": waited_s, "counts_up_s": begin_s, "wall_s": time.time()}
    print(json.dumps(seen), flush=True)
"""
"""Waits for one second, or two, until a moment of its clock, and tells the time."""


class Asked:
    """A process that has the clock."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def look(self) -> dict[str, float]:
        assert self._process.stdin
        assert self._process.stdout
        print("now", file=self._process.stdin, flush=True)
        return dict(json.loads(self._process.stdout.readline()))


@pytest.fixture
def clock(tmp_path: Path) -> dict[str, str]:
    return clock_in(tmp_path) or absent("needs a C compiler")


@contextmanager
def asked(clock: dict[str, str]) -> Iterator[Asked]:
    with subprocess.Popen(
        [sys.executable, "-c", ASKED],
        env={**os.environ, **clock},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Asked(process)
        finally:
            process.kill()


@pytest.mark.parametrize("by_s", [5, -5])
def test_a_step_is_seen_by_those_that_run_and_what_counts_up_goes_on(
    clock: dict[str, str], by_s: int
) -> None:
    with asked(clock) as process:
        before = process.look()
        step_file(Path(clock[FILE_VARIABLE]), by_s)
        begin_s, counting_s = time.time(), time.monotonic()
        after = process.look()
        end_s = time.time()

    assert before["wall_s"] < begin_s
    assert begin_s + by_s < after["wall_s"] < end_s + by_s
    assert after["counts_up_s"] > counting_s


@pytest.mark.parametrize("by_s", [5, -5])
def test_who_waits_until_a_moment_of_it_waits_as_long_as_without_a_step(
    clock: dict[str, str], by_s: int
) -> None:
    step_file(Path(clock[FILE_VARIABLE]), by_s)

    with asked(clock) as process:
        waited_s = process.look()["waited_s"]

    assert 0.9 < waited_s < 5.9
