"""The auto-scaler with what scales for it: a real supervisord, little servers."""

import threading
import time
from dataclasses import replace

from clients.event import CaughtUp, Connected
from compose import running
from compose.brokers import cluster_names
from compose.scaling import drains
from compose.scaling.auto import AutoScaler
from compose.scaling.bounds import Bounds
from compose.scaling.decision import Pace
from compose.scaling.hearing import FOLLOWED
from compose.scaling.load import Size
from compose.scaling.scale import Scaling
from tests.integration.machine import machine_in_a_short_folder
from tests.integration.scaled import Clusters, processes
from tests.unit.test_autoscale_hearing import linked, status

BOUNDS = Bounds(clusters_min=1, clusters_max=3, workers_min=1, workers_max=1)
QUICK = Pace(up_after_s=1, down_after_s=2, up_pause_s=1, down_pause_s=3)
PATIENCE_S = 120
"""Longer than the test waits: only giving up ends the drain."""
SOON_S = 60


class Scaler:
    """Scales a system whose clients do not follow."""

    def __init__(self, system: Clusters) -> None:
        self._system = system

    def to(
        self, clusters: int | None, workers: int | None, abandoned: threading.Event
    ) -> None:
        machine = self._system.machine
        scaling = Scaling(
            machine.layout,
            machine.told,
            plan=self._system.plan,
            audience=lambda _: self._system.people,
            abandoned=abandoned,
            patience_s=PATIENCE_S,
        )
        scaling.to(clusters=clusters, workers=workers)

    def size(self) -> Size:
        noted = running.noted(self._system.machine.layout)
        closed = drains.read(self._system.machine.layout)
        leaving = (name for name, drain in closed.items() if drain.is_leaving)
        names = tuple(cluster_names(noted))
        return Size(names, noted.workers, frozenset(closed), frozenset(leaving))


def test_a_cluster_that_is_being_left_is_opened_when_the_others_are_full() -> None:
    with machine_in_a_short_folder() as machine:
        system, told = Clusters(machine), list[str]()
        system.up(3, 1)
        system.people.members, system.people.stay = {"cluster-3": 5}, {"cluster-3"}
        scaler = Scaler(system)
        loop = AutoScaler(scaler, scaler.size, BOUNDS, pace=QUICK, tell=told.append)
        loop.take(Connected(time.monotonic()))
        for name in scaler.size().clusters:
            loop.take(linked(name))
        loop.take(CaughtUp(time.monotonic(), FOLLOWED))
        members, deadline_s = 5, time.monotonic() + SOON_S

        while "Done." not in told:
            assert time.monotonic() < deadline_s, told
            if scaler.size().leaving:
                members = 310
            for name in scaler.size().clusters:
                said = status(cluster=name, members=members)
                loop.take(replace(said, at_s=time.monotonic()))
            time.sleep(0.2)

        assert [text.split(":")[0] for text in told] == [
            "To 2 clusters with 1 worker each",
            "The drain is given up",
            "To 3 clusters with 1 worker each",
            "Done.",
        ]
        assert "cluster-3 is open." in system.lines
        assert "stays closed" not in "\n".join([*system.lines, *told])
        assert scaler.size().draining == frozenset()
        assert system.alive() == processes(3, 1)
