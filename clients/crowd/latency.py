"""How latencies are spread, in few words. Pure."""

import random
import statistics
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

SAMPLES_MAX = 1_000_000
_TOO_FEW = 2


@dataclass(frozen=True, slots=True)
class Latency:
    """How `n` latencies are spread."""

    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float
    n: int


def latency(latencies_s: Sequence[float]) -> Latency | None:
    """Describe latencies; None where there are too few to say anything."""
    if len(latencies_s) < _TOO_FEW:
        return None
    cuts = statistics.quantiles(latencies_s, n=100, method="inclusive")
    p50, p95, p99 = (cuts[percent - 1] * 1000 for percent in (50, 95, 99))
    return Latency(p50, p95, p99, max(latencies_s) * 1000, len(latencies_s))


class Reservoir:
    """Keeps up to so many of all numbers, each with the same chance."""

    def __init__(self, most: int = SAMPLES_MAX) -> None:
        self._most, self._seen = most, 0
        self._kept = array("d")
        self._chance = random.Random(0)  # noqa: S311 - a sample

    def add(self, number: float) -> None:
        """Take one."""
        self._seen += 1
        if len(self._kept) < self._most:
            self._kept.append(number)
            return
        at = self._chance.randrange(self._seen)
        if at < self._most:
            self._kept[at] = number

    def __len__(self) -> int:
        return len(self._kept)

    def clear(self) -> None:
        """Begin anew."""
        self._seen = 0
        del self._kept[:]

    def latency(self) -> Latency | None:
        """Describe what was kept, and how many there were."""
        found = latency(self._kept)
        if found is None:
            return None
        return Latency(
            found.p50_ms, found.p95_ms, found.p99_ms, found.max_ms, self._seen
        )
