"""Makes supervisord know just the processes of a system, while the others run."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

from compose.errors import Refused
from compose.files import File
from compose.layout import Layout
from compose.processes import System, process_layers
from compose.report import Report
from compose.scaling import drains
from compose.supervision import kept, stopping, supervisor
from compose.supervision.rpc import REVIVER, ProcessInfo, StillRunning, Supervisor

STOP_WITHIN_S = 20.0
"""Processes that go are killed by supervisord long before."""


class OtherVersion(Refused):
    """What runs is not what this version would run; it has to go down first."""

    def __init__(self) -> None:
        super().__init__("another version is running: `down` first, then `up`")


class Groups:
    """The processes of a state folder as supervisord knows them.

    Whatever ended a change halfway, `fit` finishes it: what supervisord knows and what
    the system is are compared, and nothing else is remembered.
    """

    def __init__(self, layout: Layout, orders: Supervisor, report: Report) -> None:
        self._layout, self._supervisor, self._report = layout, orders, report

    @property
    def config(self) -> Path:
        """The file that supervisord reads."""
        return self._layout.config / "supervisord.conf"

    def write(self, system: System) -> None:
        """Write what supervisord and the system's processes read."""
        text = supervisor.render(self._layout, process_layers(system.parts))
        for file in [*system.files, File(self.config, text)]:
            file.write()

    def fit(self, system: System) -> None:
        """Add the processes that are missing, stopped; stop and take away the others.

        What is to be at rest is stopped, too. Notes of drains go with their clusters.

        Raises:
            OtherVersion: If another version's system is running.
            StillRunning: If a process that should go does not end.
        """
        known = self._supervisor.processes()
        check(known.values(), system)
        names = {process.name for process in system.processes}
        added = [one.name for one in system.processes if one.name not in known]
        gone = known.keys() - names - {REVIVER}
        self._stop_resting(known, system)
        for name in drains.read(self._layout).keys() - names:
            drains.remove(self._layout, name)
        if not added and not gone:
            return
        self.write(system)
        self._supervisor.reread()
        for name in added:
            kept.remove(self._layout, name)
            self._supervisor.add(name)
        self._take_away(gone)

    def _stop_resting(self, known: Mapping[str, ProcessInfo], system: System) -> None:
        resting = [name for name in system.at_rest if name in known]
        self.stop({name for name in resting if known[name].state.is_alive})

    def stop(self, names: AbstractSet[str]) -> None:
        """Stop processes for good, what needs others first; they stay known.

        None is nothing to do.

        Raises:
            StillRunning: If one does not end.
        """
        if not names:
            return
        for name in names:
            kept.remove(self._layout, name)
        left = stopping.stop(
            self._supervisor, names, within_s=STOP_WITHIN_S, tell=self._tell_stopped
        )
        if left:
            raise StillRunning(f"{', '.join(sorted(left))} cannot be stopped")

    def _take_away(self, names: AbstractSet[str]) -> None:
        self.stop(names)
        for name in sorted(names):
            self._supervisor.remove(name)
            for file in self._layout.config.glob(f"{name}.*"):
                file.unlink()

    def _tell_stopped(self, name: str) -> None:
        self._report.say(f"  {name:<20} stopped")


def check(known: Iterable[ProcessInfo], system: System) -> None:
    """Make sure that what runs differs from a system only in what comes and goes.

    Raises:
        OtherVersion: If it does not.
    """
    infos = [*known]
    names = {process.name for process in system.processes} | {REVIVER}
    differing = names ^ {info.name for info in infos}
    are_alone = all(info.group == info.name for info in infos)
    if not are_alone or not all(map(system.is_elastic, differing)):
        raise OtherVersion
