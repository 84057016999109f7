"""Adds clusters and workers to the running system.

Where one cannot be started, what people may have come to meanwhile stays, and the rest
is taken away: nobody has told them to go.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from compose import running
from compose.brokers import cluster_names, is_clusters, processes_of
from compose.layout import Layout
from compose.report import Report
from compose.scaling import drains
from compose.scaling.fleet import Fleet
from compose.settings import Settings
from compose.starter import TakenDown
from compose.supervision import kept


class Growing:
    """Starts what is missing of a larger system.

    Args:
        layout: Of the system.
        report: Told each step.
        fleet: Its processes.
    """

    def __init__(self, layout: Layout, report: Report, fleet: Fleet) -> None:
        self._layout, self._report, self._fleet = layout, report, fleet

    def grow(self, before: Settings, larger: Settings) -> None:
        """Note the larger numbers, and return when all of that is ready.

        Raises:
            Refused: If it cannot be started; says what.
        """
        running.note(self._layout, larger)
        ran = kept.names(self._layout)
        try:
            self._fleet.start(larger, is_clusters)
        except TakenDown:
            raise  # who does that stops all of it
        except BaseException:
            with running.uninterrupted():
                self._keep(before, larger, ran)
            raise

    def _keep(self, before: Settings, larger: Settings, ran: AbstractSet[str]) -> None:
        ready = kept.names(self._layout)
        had = drains.open_of(cluster_names(before), self._layout)
        stays = reached(before, larger, had, ready)
        running.note(self._layout, stays)
        self._fleet.fit(stays)
        wanted = _processes(stays, drains.open_of(cluster_names(stays), self._layout))
        missing = wanted - ready - ran
        self._fleet.stop(missing)
        if stays != before:
            self._report.say(f"{size(stays)} What was ready stays.")
        if missing:
            told = " and ".join(sorted(missing))
            self._report.say(f"Missing: {told}. The same command starts what is.")


def reached(
    before: Settings, larger: Settings, had: Iterable[str], ready: AbstractSet[str]
) -> Settings:
    """Return the size between two that has all clusters with people in them.

    A cluster takes people once its broker and one worker are ready; one before it may
    be missing. New workers go, if one of a cluster that ran is not ready: their peers
    take over from them. But no cluster goes for that.

    Args:
        before: What ran.
        larger: What was being started.
        had: The clusters that ran.
        ready: The processes that are.
    """
    new = _processes(larger, had) - _processes(before, had)
    choices = {before.workers} | ({larger.workers} if new <= ready else set())
    sizes = (_most(before, larger, workers, ready) for workers in choices)
    _, clusters, workers = max(sizes)
    return larger.model_copy(update={"clusters": clusters, "workers": workers})


def _most(
    before: Settings, larger: Settings, workers: int, ready: AbstractSet[str]
) -> tuple[int, int, int]:
    """Return how many new clusters people may be in, the last one's number, workers."""
    sized = larger.model_copy(update={"workers": workers})
    taking = [
        number
        for number, cluster in enumerate(cluster_names(larger), 1)
        if number > before.clusters and _takes_people(sized, cluster, ready)
    ]
    return len(taking), max(taking, default=before.clusters), workers


def _takes_people(settings: Settings, cluster: str, ready: AbstractSet[str]) -> bool:
    broker, *workers = processes_of(settings, cluster)
    return broker in ready and not ready.isdisjoint(workers)


def _processes(settings: Settings, clusters: Iterable[str]) -> set[str]:
    return {name for one in clusters for name in processes_of(settings, one)}


def size(settings: Settings) -> str:
    """Say how many clusters and workers there are."""
    return f"Clusters: {settings.clusters}, workers of each: {settings.workers}."
