"""CPU time of whole process trees, exact: what the kernel has booked, not samples."""

import time
from collections.abc import Mapping
from typing import Self

import psutil

from tests.load.measured import Failed


class CpuMeter:
    """Measures while its block runs; children that ended meanwhile are included.

    Attributes:
        seconds: How long the block took.
        cores: Name → CPU time by wall time; 1.0 is one core's.
    """

    def __init__(self, roots: Mapping[str, int]) -> None:
        """Measure these: name → process id, each with all that it started."""
        self._roots = {name: psutil.Process(pid) for name, pid in roots.items()}
        self.seconds = 0.0
        self.cores: dict[str, float] = {}

    def __enter__(self) -> Self:
        self._before_s = {name: _tree_s(root) for name, root in self._roots.items()}
        self._started_s = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._started_s
        self.cores = {
            name: (_tree_s(root) - self._before_s[name]) / self.seconds
            for name, root in self._roots.items()
        }


def listener_on(port: int) -> int:
    """Return the id of the process that listens on `port`: of a server, its master.

    Raises:
        Failed: If none does, or it is somebody else's.
    """
    pids = [
        one.pid
        for one in psutil.net_connections("tcp")
        if one.pid and one.status == psutil.CONN_LISTEN and _port(one.laddr) == port
    ]
    if not pids:
        raise Failed(f"nothing that can be seen listens on port {port}")
    # Of all that share a socket one is named, and it need not be the master.
    process = psutil.Process(pids[0])
    while (parent := process.parent()) and port in _listens_on(parent):
        process = parent
    return process.pid


def _listens_on(process: psutil.Process) -> set[int]:
    try:
        connections = process.net_connections("tcp")
    except psutil.AccessDenied:
        return set()  # somebody else's
    return {_port(one.laddr) for one in connections if one.status == psutil.CONN_LISTEN}


def _port(address: tuple[()] | tuple[str, int]) -> int:
    return address[1] if address else 0


def _tree_s(root: psutil.Process) -> float:
    """Sum up a tree; who ended and was waited for is booked to the parent."""
    return sum(_used_s(process) for process in [root, *root.children(recursive=True)])


def _used_s(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0  # it ended between the listing and the look: its parent has it
    own_s = times.user + times.system
    return float(own_s + times.children_user + times.children_system)
