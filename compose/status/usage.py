"""How much memory and CPU time processes use, each with all that it started."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import psutil

from compose.process_trees import trees

_Mark = tuple[int, float]
"""Process id and time of start: an id alone may be another process' by now."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one process and its descendants use."""

    memory_bytes: int
    """Resident; pages that several of them share count for each."""

    cpu_cores: float
    """Cores in use, on average over the time that was watched."""


def watch(pids: Iterable[int], *, for_s: float) -> dict[int, Usage]:
    """Watch processes for a while; those that have ended by then are left out."""
    wanted = [*pids]
    if not wanted:
        return {}
    began_s = time.monotonic()
    before = {pid: _cpu_s(tree) for pid, tree in trees(wanted).items()}
    time.sleep(for_s)  # the span that is measured
    families = trees(wanted)
    after = {pid: _cpu_s(family) for pid, family in families.items()}
    took_s = time.monotonic() - began_s
    return {
        pid: Usage(
            sum(map(memory_bytes, family)),
            used_s(before.get(pid, {}), after[pid]) / took_s,
        )
        for pid, family in families.items()
    }


def used_s(before: Mapping[_Mark, float], after: Mapping[_Mark, float]) -> float:
    """Return the CPU time between two looks; who came in between counts whole."""
    return sum(cpu_s - before.get(mark, 0.0) for mark, cpu_s in after.items())


def _cpu_s(family: Iterable[psutil.Process]) -> dict[_Mark, float]:
    used = {}
    for process in family:
        try:
            times = process.cpu_times()
            used[process.pid, process.create_time()] = times.user + times.system
        except psutil.Error:
            continue  # it has just ended
    return used


def memory_bytes(process: psutil.Process) -> int:
    """Return the resident memory of a process; 0 if it has just ended."""
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0
