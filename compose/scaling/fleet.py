"""The running system as one who changes its clusters needs it."""

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet

from compose import ports, running
from compose.brokers import processes_of
from compose.errors import NOT_RUNNING, Refused
from compose.layout import Layout
from compose.processes import System, apart
from compose.report import Report
from compose.settings import Settings
from compose.starter import Starter
from compose.supervision import kept
from compose.supervision.groups import Groups
from compose.supervision.rpc import Supervisor


class Fleet:
    """Starts, stops and counts the processes of clusters.

    Args:
        layout: Of the system.
        report: Told each step.
        plan: Describes the system of some settings, drained clusters at rest.
    """

    def __init__(
        self, layout: Layout, report: Report, plan: Callable[[Settings], System]
    ) -> None:
        self._layout, self._report, self._plan = layout, report, plan
        self._supervisor = Supervisor(layout.socket)
        self._groups = Groups(layout, self._supervisor, report)

    @property
    def is_gone(self) -> bool:
        """Whether the system does not run; one that is slow to answer does."""
        return self._supervisor.is_gone()

    def settings(self) -> Settings:
        """Return what the system runs with.

        Raises:
            Refused: If it does not run.
        """
        if self.is_gone:
            raise Refused(NOT_RUNNING)
        return running.noted(self._layout)

    def alive(self) -> set[str]:
        """Return the names of the processes that run."""
        known = self._supervisor.processes().values()
        return {process.name for process in known if process.state.is_alive}

    def fit(self, settings: Settings) -> None:
        """Have just the processes of these settings known; those that go are stopped.

        Raises:
            OtherVersion: If another version's system is running.
            StillRunning: If a process that should go does not end.
        """
        self._groups.fit(self._plan(settings))

    def start(self, settings: Settings, chosen: Callable[[str], bool]) -> None:
        """Start what is not kept running of some processes; return when it is ready.

        Args:
            settings: What the system is to run with.
            chosen: Tells of a name whether it is one of them.

        Raises:
            PortsTaken: If a port that is needed cannot be had; nothing is changed.
            PartFailed: If one did not become ready.
        """
        system = self._plan(settings)
        known = {process.name for process in system.processes if chosen(process.name)}
        # What has ended and is kept is the reviver's; what runs and is not kept was not
        # waited for to the end.
        names = known - system.at_rest - kept.names(self._layout)
        down = names - self.alive()
        ports.check(ports.table(one for one in system.processes if one.name in down))
        self._groups.fit(system)
        if names:
            starter = Starter(self._layout, self._supervisor, self._report)
            starter.start(apart(system.processes, names))

    def start_clusters(self, settings: Settings, clusters: AbstractSet[str]) -> None:
        """Start what does not run of some clusters; return when it is ready.

        Raises:
            Refused: As `start` does.
        """
        names = {
            name for cluster in clusters for name in processes_of(settings, cluster)
        }
        self.start(settings, names.__contains__)

    def stop_clusters(self, clusters: Iterable[str]) -> None:
        """Stop some clusters for good: workers first.

        Raises:
            StillRunning: If a process does not end.
        """
        settings = self.settings()
        names = {
            name for cluster in clusters for name in processes_of(settings, cluster)
        }
        self.stop(names)

    def stop(self, names: AbstractSet[str]) -> None:
        """Stop some processes for good; they stay known.

        Raises:
            StillRunning: If one does not end.
        """
        with running.uninterrupted():
            self._groups.stop(names)
