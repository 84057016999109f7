"""How loaded the clusters are, as far as it is known: what `decision` judges."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Size:
    """What should run now."""

    clusters: tuple[str, ...]
    """Their names, in order."""
    workers: int
    """Of each cluster."""
    draining: frozenset[str] = frozenset()
    """The clusters that were told to be left; they may be empty and stopped by now."""
    leaving: frozenset[str] = frozenset()
    """Those of them of which there are to be fewer: the last ones."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster that should be there; where nobody was heard, nothing is known."""

    name: str
    members: int = 0
    capacity: int = 0
    """Registered clients that it is made for."""
    busy: Mapping[str, float] = field(default_factory=dict)
    """Cores that its workers use, by name: of those heard just now."""
    is_draining: bool = False
    """Whether its members are asked to go, and it takes nobody new."""
    is_leaving: bool = False
    """Whether there is to be a cluster fewer when they have gone."""

    @property
    def is_known(self) -> bool:
        """Whether it lives, as far as can be told."""
        return bool(self.busy)


@dataclass(frozen=True, slots=True)
class Load:
    """All clusters that should be there, in order, and how many workers each has."""

    clusters: tuple[Cluster, ...]
    workers: int
    machine_busy: float | None = None
    """How many threads want each CPU of the machine that all runs on, if known."""

    @property
    def staying(self) -> list[Cluster]:
        """The clusters that are not about to be fewer; those that are come last."""
        return [one for one in self.clusters if not one.is_leaving]

    @property
    def open(self) -> list[Cluster]:
        """The clusters that stay and that nobody has closed."""
        return [one for one in self.staying if not one.is_draining]

    @property
    def taking(self) -> list[Cluster]:
        """The clusters that live and take clients."""
        return [one for one in self.open if one.is_known]

    @property
    def is_whole(self) -> bool:
        """Whether all is known of every cluster that is not being left."""
        return all(len(one.busy) >= self.workers for one in self.open)

    @property
    def members(self) -> int:
        """Those of all clusters: who is asked to leave one comes to the others."""
        return sum(one.members for one in self.clusters)

    @property
    def capacity(self) -> int:
        """Of all that take clients."""
        return sum(one.capacity for one in self.taking)

    @property
    def capacity_without_last(self) -> int:
        """Of all that would take clients if the last of them did not."""
        last = self.open[-1:]
        return sum(one.capacity for one in self.taking if one not in last)

    def usage(self, capacity: int) -> float:
        """Return which share of a capacity the members take."""
        if capacity:
            return self.members / capacity
        return math.inf if self.members else 0.0

    @property
    def workers_busy(self) -> Iterator[tuple[float, str]]:
        """How busy each worker is of the clusters that take clients, and its name."""
        for one in self.taking:
            for worker, busy in one.busy.items():
                yield busy, f"{one.name}-{worker}"
