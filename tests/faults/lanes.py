"""The whole of it in three processes side by side, each with systems of its own.

Most of a trial is waiting: one after the other, all trials would take four hours.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from tests.faults.results import Result, merged

LANES = (
    ("ingest/*", "bridge/*", "main/*", "cluster/*", "data/*", "everything/*"),
    ("kafka/*", "links/*"),
    ("spark/*",),
)
"""Patterns of faults; about equally long. While Spark is away there is little to do."""


class LaneGone(Exception):
    """A lane ended without a result."""


def run(options: Sequence[str]) -> tuple[Result, bool]:
    """Run all lanes to their end, and return what they found together.

    Args:
        options: Of the command line, for each of them.

    Returns:
        The result, and whether it was ended before its time: by Ctrl-C, or SIGTERM.

    Raises:
        LaneGone: If one has not written what it found.
    """
    with tempfile.TemporaryDirectory(prefix="emostream-lanes-") as folder:
        files = [Path(folder) / f"{number}.json" for number, _ in enumerate(LANES)]
        lanes = [
            _start(number, [*options, "--json", str(file)])
            for number, file in enumerate(files)
        ]
        is_interrupted = _wait(lanes)
        return merged([_found(file) for file in files]), is_interrupted


def _start(number: int, options: Sequence[str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.faults", "--only", *LANES[number]]
    # The same names divide the free ports among the processes of the tests.
    share = {
        "PYTEST_XDIST_WORKER": f"gw{number}",
        "PYTEST_XDIST_WORKER_COUNT": str(len(LANES)),
    }
    return subprocess.Popen(
        [*command, *options],
        env={**os.environ, **share},
        process_group=0,  # Ctrl-C is for its parent, which passes it on once
    )


def _wait(lanes: Sequence[subprocess.Popen[bytes]]) -> bool:
    """Wait for all; tell whether they were interrupted, and so ended early."""
    try:
        for lane in lanes:
            lane.wait()
    except KeyboardInterrupt:
        _interrupt(lanes)
        return True
    except BaseException:
        _interrupt(lanes)
        raise
    return False


def _interrupt(lanes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Have them end in order, and wait for that, whatever comes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for lane in lanes:
        with suppress(ProcessLookupError):
            lane.send_signal(signal.SIGTERM)
    for lane in lanes:
        lane.wait()


def _found(file: Path) -> Result:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Result)
    except (OSError, msgspec.MsgspecError) as error:
        raise LaneGone(f"a lane ended without a result: {error}") from error
