"""Nothing that was started for a state folder outlives the order to end it all."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from compose.supervision import orphans

LEAVES_ONE_BEHIND = """
import signal, subprocess, sys

def leave(*_):
    subprocess.Popen(["sleep", "300"])
    sys.exit()

signal.signal(signal.SIGTERM, leave)
print("ready", flush=True)
signal.pause()
"""

DEAF = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
while True:
    signal.pause()
"""


@contextmanager
def started(code: str, folder: Path) -> Iterator[None]:
    """Run `code` as a process of `folder`; it is ready when it has said so."""
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env=os.environ | {orphans.MARKER: str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout
        try:
            assert process.stdout.readline() == b"ready\n"
            yield
        finally:
            for left in orphans.find(folder):
                left.kill()


@pytest.mark.parametrize("code", [LEAVES_ONE_BEHIND, DEAF], ids=["leaves", "deaf"])
def test_all_of_it_ends(code: str, tmp_path: Path) -> None:
    with started(code, tmp_path):
        orphans.end_all(tmp_path, patience_s=1)

        assert orphans.find(tmp_path) == []


def test_what_belongs_to_another_folder_goes_on(tmp_path: Path) -> None:
    ours, others = tmp_path / "ours", tmp_path / "others"
    with started(DEAF, ours), started(DEAF, others):
        orphans.end_all(ours, patience_s=0)

        assert orphans.find(ours) == []
        assert len(orphans.find(others)) == 1
