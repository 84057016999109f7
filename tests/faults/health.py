"""Memory and file handles of each part, and whether they grow from trial to trial."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress

import msgspec
import psutil

from compose.process_trees import trees
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
    return use_by(scene.pids())


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


def use_by(pids: Mapping[str, int]) -> dict[str, Use]:
    """Look at processes, each with all that it started; who ended is left out."""
    held, families = _held_by_others(), trees(pids.values())
    return {
        name: _use(families[pid], held) for name, pid in pids.items() if pid in families
    }


def _use(family: Sequence[psutil.Process], held: Counter[int | None]) -> Use:
    memory_bytes = handles = 0
    for one in family:
        with suppress(psutil.NoSuchProcess):
            memory_bytes += one.memory_info().rss
            handles += one.num_fds() - held[one.pid]
    return Use(round(memory_bytes / 1024**2, 1), handles)


def _held_by_others() -> Counter[int | None]:
    """Count each process' connections that somebody else has opened and not closed.

    A sender has as many as it has batches on their way: more on a slow machine. What it
    has closed, and the process has not, is in another state.
    """
    connections = psutil.net_connections("tcp")
    listened = {c.laddr for c in connections if c.status == psutil.CONN_LISTEN}
    return Counter(
        c.pid
        for c in connections
        if c.status == psutil.CONN_ESTABLISHED and c.laddr in listened
    )
