"""Changes how many clusters and workers the running system has.

The noted settings are the aim: what runs is fitted to them. A change that was ended
halfway, at whatever moment, is finished by the same call, or by `up`.
"""

import threading
from collections.abc import Callable
from contextlib import suppress

from pydantic import ValidationError

from compose import running, topology
from compose.brokers import cluster_names
from compose.errors import NOT_RUNNING, Refused
from compose.layout import Layout
from compose.processes import System
from compose.report import Report
from compose.scaling import drains, turn
from compose.scaling.audience import Audience, AudienceAtMain, NoMain
from compose.scaling.draining import PATIENCE_S, Abandoned, Draining, Wait
from compose.scaling.drains import SPREAD_S
from compose.scaling.fleet import Fleet
from compose.scaling.growing import Growing, size
from compose.settings import Settings

__all__ = ["Abandoned", "Scaling"]


class Scaling:
    """Scales the system of a state folder.

    Args:
        layout: Of the system.
        report: Told each step.
        plan: Describes the system of some settings; ours unless told.
        audience: Returns the registered clients of the system of some settings.
        abandoned: Ends the wait for who is to move when it is set, within two seconds.
        patience_s: How much longer than their spread that wait is.
        by: Who scales; told to others who would, too.
    """

    def __init__(  # noqa: PLR0913 - each is one thing to know, all but two by name
        self,
        layout: Layout,
        report: Report,
        *,
        plan: Callable[[Settings], System] | None = None,
        audience: Callable[[Settings], Audience] = AudienceAtMain,
        abandoned: threading.Event | None = None,
        patience_s: float = PATIENCE_S,
        by: str = turn.BY_HAND,
    ) -> None:
        self._layout, self._report, self._by = layout, report, by
        self._fleet = Fleet(
            layout, report, plan or (lambda chosen: topology.native(chosen, report.say))
        )
        self._growing = Growing(layout, report, self._fleet)
        self._audience_of = audience
        self._draining = Draining(
            layout,
            report,
            self._fleet,
            audience,
            Wait(abandoned or threading.Event(), patience_s),
        )

    def to(
        self,
        *,
        clusters: int | None = None,
        workers: int | None = None,
        spread_s: float = SPREAD_S,
        force: bool = False,
    ) -> Settings:
        """Have so many clusters, with so many workers each, and return when it is so.

        What is added is ready before anything goes. Clusters that go are emptied first,
        all at the same time.

        Args:
            clusters: How many; as many as now where it is None.
            workers: Of each cluster; the same.
            spread_s: Over how long the members of clusters that go move.
            force: Whether clusters go also if somebody has not moved in time.

        Returns:
            What the system runs with now.

        Raises:
            Refused: If it cannot be done, says why; or was not done to its end, says
                what is left.
        """
        self._check_there()
        with turn.taken(self._layout, self._by) as somebody_has_it:
            if somebody_has_it:
                raise Refused(somebody_has_it)
            now = self._settle()
            aim = _changed(
                now,
                now.clusters if clusters is None else clusters,
                now.workers if workers is None else workers,
            )
            self._take_back(aim)
            before = self._fleet.alive()
            self._grow(aim)
            self._drain_surplus(aim, spread_s, force=force)
            self._shrink(aim)
            is_new = self._fleet.alive() != before
            self._report.say(size(aim) + ("" if is_new else " It was so already."))
            return aim

    def drain(self, cluster: str, spread_s: float, *, force: bool) -> None:
        """Empty a cluster and stop it; it can be opened again.

        Raises:
            Refused: If it cannot be closed, or somebody has not moved in time.
        """
        self._check_there()
        self._draining.drain([cluster], spread_s, force=force)
        self._report.say(
            f"{cluster} is drained: `emostream undrain {cluster}` opens it again."
        )

    def undrain(self, cluster: str) -> None:
        """Open a cluster again, and return when it is ready.

        Raises:
            Refused: If it is not drained, or cannot be started.
        """
        self._check_there()
        self._draining.open(cluster)

    def take_back(self) -> None:
        """Open the clusters that an earlier call closed and did not take away.

        Where a call is still at work, it is left alone.
        """
        with turn.taken(self._layout, self._by) as somebody_has_it:
            if not somebody_has_it:
                self._take_back(self._settle())

    def _check_there(self) -> None:
        if not self._layout.run.exists():
            raise Refused(NOT_RUNNING)

    def _settle(self) -> Settings:
        """Finish what was cut off, and say again who is to go: main may not know.

        Returns:
            What the system runs with.
        """
        with running.alone(self._layout, self._report):
            settings = self._fleet.settings()
            self._fleet.fit(settings)
            if drains.read(self._layout):
                try:
                    self._tell(settings)
                except NoMain as error:
                    self._report.say(str(error))
            return settings

    def _take_back(self, aim: Settings) -> None:
        stay = {*cluster_names(aim)}
        for name, drain in drains.read(self._layout).items():
            if drain.is_leaving and name in stay:
                self._draining.open(name)

    def _grow(self, aim: Settings) -> None:
        with running.alone(self._layout, self._report):
            before = self._fleet.settings()
            larger = _changed(
                before,
                max(before.clusters, aim.clusters),
                max(before.workers, aim.workers),
            )
            if larger.clusters > before.clusters:
                # One of that name may have gone while main could not be told.
                self._tell(before)
            self._growing.grow(before, larger)

    def _drain_surplus(self, aim: Settings, spread_s: float, *, force: bool) -> None:
        now = self._fleet.settings()
        surplus = cluster_names(now)[aim.clusters :]
        if surplus:
            self._draining.drain(surplus, spread_s, force=force, is_leaving=True)

    def _shrink(self, aim: Settings) -> None:
        with running.alone(self._layout, self._report):
            now = self._fleet.settings()
            surplus = cluster_names(now)[aim.clusters :]
            opened = [one for one in surplus if one not in drains.stopped(self._layout)]
            if opened:
                raise Refused(f"{' and '.join(opened)} was opened again meanwhile.")
            running.note(self._layout, aim)
            self._fleet.fit(aim)
            if surplus:
                with suppress(NoMain):  # nobody is there who could hear it
                    self._tell(aim)

    def _tell(self, settings: Settings) -> None:
        self._audience_of(settings).tell(drains.read(self._layout).values())


def _changed(settings: Settings, clusters: int, workers: int) -> Settings:
    """Return the settings with other numbers.

    Raises:
        Refused: If there cannot be so many.
    """
    values = settings.model_dump() | {"clusters": clusters, "workers": workers}
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        told = [f"{problem['loc'][0]}: {problem['msg']}." for problem in error.errors()]
        raise Refused(" ".join(told)) from error
