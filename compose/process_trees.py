"""Processes, each with all that it started."""

from collections import defaultdict
from collections.abc import Iterable

import psutil


def trees(pids: Iterable[int]) -> dict[int, list[psutil.Process]]:
    """Return of each process that is there itself and its descendants.

    The table of processes is read once for all of them.
    """
    found: dict[int, psutil.Process] = {}
    children: defaultdict[int, list[int]] = defaultdict(list)
    for process in psutil.process_iter(["ppid"]):
        found[process.pid] = process
        children[process.info["ppid"]].append(process.pid)
    return {pid: _tree(pid, found, children) for pid in pids if pid in found}


def _tree(
    root: int, found: dict[int, psutil.Process], children: dict[int, list[int]]
) -> list[psutil.Process]:
    pids = [root]
    for pid in pids:
        pids += children.get(pid, [])
    return [found[pid] for pid in pids]
