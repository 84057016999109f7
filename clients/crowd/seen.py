"""A frame as it came to clients: when first and when last, in each cluster. Pure.

Times are in seconds since the epoch, as the kernel noted them.
"""

from dataclasses import dataclass, field

from stream.frame import Position

_ON_ITS_WAY_MAX_S = 60.0


@dataclass(slots=True)
class Copies:
    """A frame in one cluster, first receipts only."""

    count: int = 0
    first_s: float = float("inf")
    last_s: float = float("-inf")
    first_worker_s: float = float("inf")
    last_worker_s: float = float("-inf")

    def add(self, arrived_s: float, worker_s: float) -> None:
        """Take one."""
        self.count += 1
        self.first_s = min(self.first_s, arrived_s)
        self.last_s = max(self.last_s, arrived_s)
        if worker_s:
            self.first_worker_s = min(self.first_worker_s, worker_s)
            self.last_worker_s = max(self.last_worker_s, worker_s)


@dataclass(slots=True)
class Seen:
    """A frame, and how it came."""

    position: Position
    made_s: float
    first_s: float = float("inf")
    """Infinite while it has only come as retained."""

    by_cluster: dict[str, Copies] = field(default_factory=dict)

    @property
    def is_timed(self) -> bool:
        """Whether it came to somebody who was there for it."""
        return bool(self.by_cluster)

    @property
    def begun_s(self) -> float:
        """Who is there from now on is owed it.

        A worker sends the newest frame to whom it serves first, also an old one; by
        its time such a frame is known, if the clocks agree at all.
        """
        is_plausible = 0 <= self.first_s - self.made_s <= _ON_ITS_WAY_MAX_S
        return self.made_s if is_plausible else self.first_s

    @property
    def last_s(self) -> float:
        """When it came to its last member."""
        return max(one.last_s for one in self.by_cluster.values())

    @property
    def first_worker_s(self) -> float:
        """When the first worker sent it on; infinite if none says."""
        return min(one.first_worker_s for one in self.by_cluster.values())
