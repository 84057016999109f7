"""What a load calls for now: more or fewer clusters and workers, and why.

Pure, and without time: `decision` has the patience.

Clusters are judged by their members, workers by the busiest one: slots are not alike,
and each worker is one thread. Members stay where they are when a cluster is added: it
takes those who come.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from compose.scaling.bounds import Bounds
from compose.scaling.load import Cluster, Load

HIGH = 0.8
"""Above it there is too little: who comes within the next seconds needs room too."""

LOW = 0.3
"""Below it there is too much."""

GOAL = 0.7
"""Where steps up lead: below `HIGH`, and far enough above `LOW`."""

LESS_UP_TO = 0.6
"""A cluster goes only if the others are less full then. Of workers no such thing is
asked: two that use less than `LOW` each are one that uses less than this."""


@dataclass(frozen=True, slots=True)
class Change:
    """So many there should be, and why."""

    clusters: int
    workers: int
    reason: str


class AddCluster(Change):
    """A cluster more, or several at once."""


class RemoveCluster(Change):
    """The last cluster is drained, and goes."""


class AddWorker(Change):
    """One worker more in each cluster."""


class RemoveWorker(Change):
    """One worker fewer in each cluster."""


Kind = type[AddCluster] | type[RemoveCluster] | type[AddWorker] | type[RemoveWorker]


@dataclass(frozen=True, slots=True)
class Call:
    """A change that the load calls for now."""

    kind: Kind
    clusters: int
    workers: int
    figures: str
    bound: str = ""
    """What forbids it, if anything does."""
    is_blocked: bool = False
    """Whether only a person can change that, and would want to know."""

    @property
    def is_up(self) -> bool:
        """Whether there would be more."""
        return self.kind in {AddCluster, AddWorker}


def calls(load: Load, bounds: Bounds) -> Iterator[Call]:
    """Yield what the load calls for, the most urgent first."""
    yield from _more_clusters(load, bounds)
    yield from _more_workers(load, bounds)
    if load.is_whole:
        yield from _fewer_clusters(load, bounds)
        yield from _fewer_workers(load, bounds)


def _more_clusters(load: Load, bounds: Bounds) -> Iterator[Call]:
    if not load.capacity or load.usage(load.capacity) <= HIGH:
        return
    has, taking = len(load.staying), len(load.taking)
    needed = math.ceil(load.members / (GOAL * load.capacity / taking))
    wanted = min(has + max(1, needed - taking), bounds.clusters_max)
    bound = f"EMOSTREAM_CLUSTERS_MAX is {bounds.clusters_max}" if wanted <= has else ""
    yield Call(AddCluster, wanted, load.workers, _fullness(load), bound)


def _fewer_clusters(load: Load, bounds: Bounds) -> Iterator[Call]:
    wanted, remaining = len(load.staying), len(load.open)
    is_blocked = False
    if wanted == len(load.clusters):
        wanted, remaining = wanted - 1, remaining - 1
        is_blocked = load.clusters[-1].is_draining
        is_called_for = _is_one_to_spare(load)
    else:  # what was begun is finished
        is_called_for = load.usage(load.capacity) < LESS_UP_TO
    bound, fewest = "", bounds.clusters_min
    if remaining < fewest:
        bound, is_blocked = f"EMOSTREAM_CLUSTERS_MIN is {fewest}", False
    elif is_blocked:
        bound = _closed_by_hand(load.clusters[-1])
    if is_called_for:
        figures = _fullness(load)
        yield Call(RemoveCluster, wanted, load.workers, figures, bound, is_blocked)


def _closed_by_hand(last: Cluster) -> str:
    return (
        f"{last.name}, the last one, which would go, was drained by hand:"
        f" `emostream undrain {last.name}`, or `scale --clusters` by hand, helps"
    )


def _is_one_to_spare(load: Load) -> bool:
    """Tell whether the others have room for the last cluster's members."""
    rest = load.capacity_without_last
    are_moving = any(one.is_draining and one.members for one in load.clusters)
    if are_moving or not rest:
        return False
    return load.usage(load.capacity) < LOW and load.usage(rest) < LESS_UP_TO


def _more_workers(load: Load, bounds: Bounds) -> Iterator[Call]:
    busy, name = max(load.workers_busy, default=(0.0, ""))
    most, wanted = bounds.workers_max, load.workers + 1
    bound = f"EMOSTREAM_WORKERS_MAX is {most}" if wanted > most else ""
    if busy > HIGH:
        figures = f"{name} uses {busy:.2f} of a core"
        yield Call(AddWorker, len(load.staying), wanted, figures, bound)


def _fewer_workers(load: Load, bounds: Bounds) -> Iterator[Call]:
    busy, name = max(load.workers_busy, default=(math.inf, ""))
    fewest, wanted = bounds.workers_min, load.workers - 1
    bound = f"EMOSTREAM_WORKERS_MIN is {fewest}" if wanted < fewest else ""
    if load.machine_busy and load.machine_busy > HIGH:
        return  # who has to wait for a CPU looks idle
    if busy < LOW:
        figures = f"no worker uses more than {busy:.2f} of a core, as {name} does,"
        yield Call(RemoveWorker, len(load.staying), wanted, figures, bound)


def _fullness(load: Load) -> str:
    percent = 100 * load.usage(load.capacity)
    return f"members {load.members:,} of {load.capacity:,} ({percent:.0f} %)"


def eased(load: Load) -> frozenset[Kind]:
    """Name the changes that are far from being called for: they would be news."""
    eased: list[Kind] = []
    if load.usage(load.capacity) <= GOAL:
        eased.append(AddCluster)
    if load.usage(load.capacity) > LESS_UP_TO:
        eased.append(RemoveCluster)
    if max(load.workers_busy, default=(0.0, ""))[0] <= GOAL:
        eased.append(AddWorker)
    return frozenset(eased)
