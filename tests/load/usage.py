"""CPU and memory of whole process trees over a stretch of time.

CPU is the difference of two readings of what the kernel booked, so it is exact; the
peaks are of samples a second apart.
"""

import itertools
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import psutil

from tests.load.measured import Usage

SAMPLE_EVERY_S = 1.0
_MIB = 1024**2


@dataclass(frozen=True, slots=True)
class Sample:
    """What a tree has used up to a moment."""

    at_s: float
    cpu_s: float
    rss_mib: float


def summary(name: str, samples: Sequence[Sample], pss_mib: float | None) -> Usage:
    """Sum up the samples of one tree, two at least. Pure."""
    whole = _cores(samples[0], samples[-1])
    # The last step may be too short for the kernel's ticks to mean anything.
    peaks = [
        _cores(before, after)
        for before, after in itertools.pairwise(samples)
        if after.at_s - before.at_s >= SAMPLE_EVERY_S / 2
    ]
    return Usage(
        name=name,
        cpu_cores=whole,
        cpu_peak_cores=max(peaks, default=whole),
        rss_mib=sum(sample.rss_mib for sample in samples) / len(samples),
        rss_peak_mib=max(sample.rss_mib for sample in samples),
        pss_mib=pss_mib,
    )


def _cores(before: Sample, after: Sample) -> float:
    return max(0.0, after.cpu_s - before.cpu_s) / (after.at_s - before.at_s)


class Meter:
    """Samples while its block runs; `usage` has the result afterwards."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        """Watch these: name → process id, each with what it starts.

        One that another of them started is counted for itself alone.

        Raises:
            psutil.NoSuchProcess: If one is not there.
        """
        self._roots = {name: psutil.Process(pid) for name, pid in pids.items()}
        self._samples: dict[str, list[Sample]] = {name: [] for name in pids}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="meter", daemon=True)
        self.usage: tuple[Usage, ...] = ()
        self.gone: tuple[str, ...] = ()
        """Who was not there any more at the end."""

    def __enter__(self) -> Self:
        self._sample()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._sample()
        trees = _trees(self._roots)
        self.usage = tuple(
            summary(name, samples, _pss_mib(trees[name]))
            for name, samples in self._samples.items()
        )
        self.gone = tuple(
            name for name, root in self._roots.items() if not root.is_running()
        )

    def _run(self) -> None:
        while not self._ended.wait(SAMPLE_EVERY_S):
            self._sample()

    def _sample(self) -> None:
        for name, tree in _trees(self._roots).items():
            self._samples[name].append(_sample(tree))


def _trees(
    roots: Mapping[str, psutil.Process],
) -> Mapping[str, set[psutil.Process]]:
    """Return each root with its descendants, less other roots and theirs."""
    families = {name: _family(root) for name, root in roots.items()}
    return {
        name: family.difference(
            *[
                families[other]
                for other in roots
                if roots[other] in family - {roots[name]}
            ]
        )
        for name, family in families.items()
    }


def _family(root: psutil.Process) -> set[psutil.Process]:
    try:
        return {root, *root.children(recursive=True)}
    except psutil.NoSuchProcess:
        return {root}


def _sample(tree: Iterable[psutil.Process]) -> Sample:
    cpu_s = rss_bytes = 0.0
    for process in tree:
        try:
            with process.oneshot():
                times = process.cpu_times()
                rss_bytes += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue  # it ended just now: its parent has its time
        cpu_s += times.user + times.system
        # Of those that ended and were waited for.
        cpu_s += times.children_user + times.children_system
    return Sample(time.perf_counter(), cpu_s, rss_bytes / _MIB)


def _pss_mib(tree: Iterable[psutil.Process]) -> float | None:
    """Return a tree's memory with shared pages by their share, if it may be read."""
    try:
        pss_bytes = sum(one.memory_full_info().pss for one in tree)
    except psutil.Error:
        return None
    return pss_bytes / _MIB or None  # 0: it has just ended
