"""Memory and file handles of each part, and whether they grow from trial to trial."""

from collections.abc import Sequence
from contextlib import suppress

import msgspec
import psutil

from tests.faults.scene import Scene

MEMORY_MIB, MEMORY_SHARE = 20, 0.3
HANDLES, HANDLES_SHARE = 50, 0.2
"""More than both above the first trial is growth."""

LAST = 2
"""So many trials in a row must be above: one may have been measured at a bad moment."""

IN_JAVA = ("kafka", "stream")
"""Java takes what its heap may have, sooner or later: that is a setting, no growth."""


class Use(msgspec.Struct, frozen=True):
    """What one part uses, with all that it started."""

    memory_mib: float
    handles: int


def use_of(scene: Scene) -> dict[str, Use]:
    """Look at every part that runs."""
    found = {}
    for name, pid in scene.pids().items():
        with suppress(psutil.NoSuchProcess):
            found[name] = use_by(psutil.Process(pid))
    return found


def grown(trials: Sequence[dict[str, Use]]) -> list[str]:
    """Say what has grown since the first trial; pure."""
    if len(trials) <= LAST:
        return []
    first, *_ = trials
    return [
        words
        for name in first
        if all(name in trial for trial in trials[-LAST:])
        for words in _growth(
            name, [first[name], *(one[name] for one in trials[-LAST:])]
        )
    ]


def _growth(name: str, uses: Sequence[Use]) -> list[str]:
    before, *after = uses
    words = []
    memory_mib = min(use.memory_mib for use in after)
    if name not in IN_JAVA and memory_mib > (
        before.memory_mib * (1 + MEMORY_SHARE) + MEMORY_MIB
    ):
        words.append(
            f"{name} grew from {before.memory_mib:.0f} to {memory_mib:.0f} MiB"
        )
    handles = min(use.handles for use in after)
    if handles > before.handles * (1 + HANDLES_SHARE) + HANDLES:
        words.append(f"{name} had {before.handles} handles open, now {handles}")
    return words


def use_by(process: psutil.Process) -> Use:
    """Look at a process and all that it started."""
    memory_bytes = handles = 0
    for one in [process, *process.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            memory_bytes += one.memory_info().rss
            handles += one.num_fds() - _held_by_others(one)
    return Use(round(memory_bytes / 1024**2, 1), handles)


def _held_by_others(process: psutil.Process) -> int:
    """Count the connections that somebody else has opened and not closed.

    A sender has as many as it has batches on their way: more on a slow machine. What it
    has closed, and the process has not, is in another state.
    """
    connections = process.net_connections("tcp")
    listened = {c.laddr for c in connections if c.status == psutil.CONN_LISTEN}
    return sum(
        c.status == psutil.CONN_ESTABLISHED and c.laddr in listened for c in connections
    )
