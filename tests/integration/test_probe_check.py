"""A health check asks the part itself only when no yes counts any more."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from compose import probe

LONG_AGO = 1


@pytest.fixture
def until(tmp_path: Path) -> Path:
    """Where a yes is noted, beside a `python` that says that it was asked."""
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "asked $*"; exit 1\n')
    python.chmod(0o755)
    return tmp_path / "until"


def checked(until: Path) -> tuple[int, str]:
    done = subprocess.run(
        probe.check(until),
        env={**os.environ, "PATH": f"{until.parent}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.strip()


def test_while_a_yes_counts_nobody_is_asked(until: Path) -> None:
    now_s = int(time.clock_gettime(time.CLOCK_BOOTTIME))
    until.write_text(f"{now_s + 1000}\n")

    assert checked(until) == (0, "")


def test_without_a_yes_or_long_after_it_the_part_is_asked(until: Path) -> None:
    assert checked(until) == (1, "asked -m compose.probe")
    until.write_text(f"{LONG_AGO}\n")
    assert checked(until) == (1, "asked -m compose.probe")
