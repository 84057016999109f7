"""A system whose clusters come and go, out of harmless little servers.

Who has joined is made up: the brokers that would know are servers that serve nothing.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from compose import brokers, running
from compose.errors import Refused
from compose.processes import Process, System
from compose.report import Report
from compose.scaling import drains, turn
from compose.scaling.audience import NoMain, Seen
from compose.scaling.drains import Drain
from compose.scaling.scale import Scaling
from compose.settings import Settings
from compose.supervision import kept
from compose.supervision.rpc import REVIVER, StartRefused
from tests.integration.machine import Machine

CAPACITY = 100


@dataclass
class People:
    """An audience that goes when it is told to, unless it stays."""

    members: dict[str, int] = field(default_factory=dict)
    stay: set[str] = field(default_factory=set)
    told: list[set[str]] = field(default_factory=list)
    main_is_there: bool = True
    main_hears: bool = True
    clusters: int = 3
    at_each_look: Callable[[], None] = lambda: None

    def seen(self) -> Mapping[str, Seen]:
        self.at_each_look()
        if not self.main_is_there:
            raise NoMain("The main broker does not answer.")
        names = [f"cluster-{number}" for number in range(1, self.clusters + 1)]
        closed = self.told[-1] if self.told else set()
        return {
            name: Seen(self.members.get(name, 0), CAPACITY, name in closed)
            for name in names
        }

    def tell(self, drains: Iterable[Drain]) -> None:
        if not self.main_is_there or not self.main_hears:
            raise NoMain("The main broker does not answer.")
        self.told.append({drain.cluster for drain in drains})
        for name in self.told[-1] - self.stay:
            self.members.pop(name, None)

    def is_told(self, drains: Iterable[Drain]) -> bool:
        return self.told[-1:] == [{drain.cluster for drain in drains}]

    def kept(self, cluster: str) -> int | None:
        return self.members.get(cluster, 0)


class Clusters:
    """A machine whose system has a main part, clusters and workers."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.people = People()
        self.abandoned = threading.Event()
        self.lines = machine.told.lines

    def plan(self, settings: Settings) -> System:
        parts = [self.machine.server("main"), self.machine.server("web", "main")]
        for cluster in brokers.cluster_names(settings):
            parts.append(self.machine.server(cluster, "main"))
            parts += [
                self.machine.server(brokers.worker_process(cluster, worker), cluster)
                for worker in brokers.worker_names(settings)
            ]
        resting = drains.stopped(self.machine.layout)
        return System(
            parts,
            is_elastic=brokers.is_clusters,
            at_rest=frozenset(
                name
                for cluster in resting
                for name in brokers.processes_of(settings, cluster)
            ),
        )

    def broken(self, settings: Settings) -> System:
        """Describe a system whose second cluster cannot be started."""
        plan = self.plan(settings)
        parts = [_never(part) for part in plan.processes]
        return replace(plan, parts=parts)

    def late_to_fail(self, settings: Settings) -> System:
        """Describe a system whose third cluster fails once all others are ready."""
        plan = self.plan(settings)
        parts = [
            replace(part, ready=self._ends_last) if part.name == "cluster-3" else part
            for part in plan.processes
        ]
        return replace(plan, parts=parts)

    def late_to_fail_before_others(self, settings: Settings) -> System:
        """Describe a system whose second cluster fails once all others are ready."""
        plan = self.plan(settings)
        parts = [
            replace(part, ready=self._ends_after_others)
            if part.name == "cluster-2"
            else part
            for part in plan.processes
        ]
        return replace(plan, parts=parts)

    def _ends_after_others(self) -> bool:
        others = processes(3, 1) - processes(2, 1)
        if others <= kept.names(self.machine.layout):
            raise StartRefused("it cannot be used")
        return False

    def never_ready(self, settings: Settings) -> System:
        """Describe a system whose last cluster takes for ever to start."""
        plan = self.plan(settings)
        last = brokers.cluster_names(settings)[-1]
        parts = [
            replace(part, ready=lambda: False, ready_within_s=45)
            if part.name == last
            else part
            for part in plan.processes
        ]
        return replace(plan, parts=parts)

    def _ends_last(self) -> bool:
        _, workers = self.noted()
        if processes(2, workers) <= kept.names(self.machine.layout):
            raise StartRefused("it cannot be used")
        return False

    def up(
        self,
        clusters: int = 2,
        workers: int = 2,
        plan: Callable[[Settings], System] | None = None,
    ) -> Settings:
        wanted = {"clusters": clusters, "workers": workers}
        root = {"state_dir": self.machine.layout.root}
        settings = Settings.model_validate(root | wanted)
        return self.machine.native.up(settings, plan or self.plan)

    def scaling(
        self,
        plan: Callable[[Settings], System] | None = None,
        told: Report | None = None,
        by: str = turn.BY_HAND,
    ) -> Scaling:
        return Scaling(
            self.machine.layout,
            told or self.machine.told,
            plan=plan or self.plan,
            audience=lambda _: self.people,
            abandoned=self.abandoned,
            patience_s=0,
            by=by,
        )

    def drain(self, cluster: str, *, force: bool = False) -> None:
        self.scaling().drain(cluster, 0, force=force)

    def names(self) -> set[str]:
        return self.machine.supervisor.processes().keys() - {REVIVER}

    def alive(self) -> set[str]:
        return {
            name
            for name, info in self.machine.supervisor.processes().items()
            if info.state.is_alive and name != REVIVER
        }

    def noted(self) -> tuple[int, int]:
        settings = running.noted(self.machine.layout)
        return settings.clusters, settings.workers

    def said(self) -> str:
        return "\n".join(self.lines)


def drain_in_a_thread(
    system: Clusters, cluster: str
) -> tuple[threading.Thread, list[str]]:
    """Begin a drain that does not end; return once it is waited for."""
    said: list[str] = []
    is_waiting = threading.Event()
    system.people.members[cluster], system.people.stay = 3, {cluster}
    system.people.at_each_look = lambda: (
        is_waiting.set() if system.people.told and system.people.told[-1] else None
    )

    def drain() -> None:
        try:
            system.scaling().drain(cluster, 600, force=False)
        except Refused as error:
            said.append(str(error))

    thread = threading.Thread(target=drain)
    thread.start()
    assert is_waiting.wait(30)
    return thread, said


def _never(part: Process) -> Process:
    return replace(part, ready=_ends) if part.name == "cluster-2" else part


def _ends() -> bool:
    raise StartRefused("it cannot be used")


def processes(clusters: int, workers: int) -> set[str]:
    settings = Settings(clusters=clusters, workers=workers)
    return {"main", "web"} | {
        name
        for cluster in brokers.cluster_names(settings)
        for name in brokers.processes_of(settings, cluster)
    }
