"""The auto-scaler's loop, with a system that does as it is told."""

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from clients.event import CaughtUp, Connected, Lost, Tick
from compose.errors import Refused
from compose.scaling.auto import AutoScaler
from compose.scaling.bounds import Bounds
from compose.scaling.decision import Pace
from compose.scaling.hearing import FOLLOWED
from compose.scaling.load import Size
from tests.unit.test_autoscale_hearing import linked, status

BOUNDS = Bounds(clusters_min=1, clusters_max=4, workers_min=1, workers_max=4)
PACE = Pace(up_after_s=2, down_after_s=5, up_pause_s=4, down_pause_s=8)
SOON_S = 30


class System:
    """Has a size, and changes it when it is told to and may."""

    def __init__(self) -> None:
        self.size = Size(("cluster-1", "cluster-2"), 1)
        self.asked: list[tuple[int, int]] = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.problem: Exception | None = None
        self.is_known = True

    def to(self, clusters: int, workers: int) -> None:
        self.asked.append((clusters, workers))
        assert self.may_go_on.wait(SOON_S)
        if self.problem:
            raise self.problem
        names = tuple(f"cluster-{number}" for number in range(1, clusters + 1))
        self.size = Size(names, workers)

    def now(self) -> Size:
        if not self.is_known:
            raise Refused("Nobody knows")
        return self.size


class Hall:
    """The loop, its system, and what it hears: a status a second of every worker."""

    def __init__(self, bounds: Bounds = BOUNDS) -> None:
        self.system, self.told = System(), list[str]()
        self.loop = AutoScaler(
            self.system, self.system.now, bounds, pace=PACE, tell=self.told.append
        )
        self.now_s = 1000.0
        self.loop.take(Connected(self.now_s))
        for number in range(1, 9):
            self.loop.take(linked(f"cluster-{number}"))
        self.loop.take(CaughtUp(self.now_s, FOLLOWED))

    def hear(self, seconds: int, members: int, busy: float = 0.5) -> None:
        """Let time pass in which each cluster of 500 has so many members."""
        for _ in range(seconds):
            self.now_s += 1
            for cluster in self.system.size.clusters:
                said = status(cluster=cluster, members=members, busy=busy)
                self.loop.take(replace(said, at_s=self.now_s))
            self.loop.take(Tick(self.now_s))
            if self.system.may_go_on.is_set():
                self.loop.close(SOON_S)  # what is quick is done by the next look


@pytest.fixture
def hall() -> Iterator[Hall]:
    hall = Hall()
    yield hall
    hall.system.may_go_on.set()
    hall.loop.close(SOON_S)


def test_a_full_system_grows_and_an_empty_one_shrinks(hall: Hall) -> None:
    hall.hear(4, members=450)
    assert hall.system.asked == [(3, 1)]

    hall.hear(30, members=10)
    assert hall.system.asked == [(3, 1), (2, 1), (1, 1)]


def test_each_decision_is_logged_and_told_with_its_reason_and_end(
    hall: Hall, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "scaling"):
        hall.hear(5, members=450)

    reason = "members 900 of 1,000 (90 %) for 2 s"
    assert [(one.levelname, one.message) for one in caplog.records] == [
        (
            "INFO",
            f"decided decision=AddCluster clusters=3 workers=1 reason={reason!r}",
        ),
        ("INFO", "done clusters=3 workers=1"),
    ]
    assert hall.told == [f"To 3 clusters with 1 worker each: {reason}.", "Done."]


def test_it_looks_on_while_a_change_takes_its_time_and_asks_for_no_other(
    hall: Hall,
) -> None:
    hall.system.may_go_on.clear()

    hall.hear(20, members=450)

    assert hall.system.asked == [(3, 1)]


def test_the_pause_begins_when_a_change_is_done(hall: Hall) -> None:
    hall.system.may_go_on.clear()
    hall.hear(20, members=450)
    hall.system.may_go_on.set()
    hall.loop.close(SOON_S)

    hall.hear(4, members=450)
    assert len(hall.system.asked) == 1
    hall.hear(2, members=450)
    assert len(hall.system.asked) == 2


def test_what_is_refused_is_told_and_tried_again_after_the_pause(
    hall: Hall, caplog: pytest.LogCaptureFixture
) -> None:
    hall.system.problem = Refused("Port 1887 is taken.")

    hall.hear(6, members=450)
    assert hall.system.asked == [(3, 1)]
    assert "That cannot be now: Port 1887 is taken." in hall.told
    assert [one.message for one in caplog.records if one.levelname == "WARNING"] == [
        "refused reason='Port 1887 is taken.'"
    ]

    hall.system.problem = None
    hall.hear(6, members=450)
    assert hall.system.asked == [(3, 1), (3, 1)]


def test_a_fault_of_ours_is_not_hidden(hall: Hall) -> None:
    hall.system.problem = RuntimeError("a fault")

    with pytest.raises(RuntimeError, match="a fault"):
        hall.hear(6, members=450)


def test_a_bound_is_a_warning_and_only_one(caplog: pytest.LogCaptureFixture) -> None:
    hall = Hall(replace(BOUNDS, clusters_max=2))

    hall.hear(60, members=450)

    (warning,) = [one for one in caplog.records if one.levelname == "WARNING"]
    assert "EMOSTREAM_CLUSTERS_MAX is 2" in warning.message
    assert [text for text in hall.told if "EMOSTREAM" in text] == hall.told
    assert hall.system.asked == []


def test_while_nobody_knows_what_should_run_nothing_is_decided(
    hall: Hall, caplog: pytest.LogCaptureFixture
) -> None:
    hall.system.is_known = False
    hall.hear(30, members=450)
    assert hall.system.asked == []
    assert len(caplog.records) == 1

    hall.system.is_known = True
    hall.hear(5, members=450)
    assert hall.system.asked == [(3, 1)]


def test_without_main_nothing_is_decided(hall: Hall) -> None:
    hall.loop.take(Lost(hall.now_s, "gone"))

    hall.hear(60, members=0)

    assert hall.system.asked == []


def test_it_looks_once_a_second_however_much_happens(hall: Hall) -> None:
    looks = 0

    def size() -> Size:
        nonlocal looks
        looks += 1
        return hall.system.size

    loop = AutoScaler(hall.system, size, BOUNDS)
    for quarter in range(41):
        loop.take(Tick(1000 + quarter / 4))

    assert looks == 11


def test_closing_waits_for_a_change_no_longer_than_it_was_told(hall: Hall) -> None:
    hall.system.may_go_on.clear()
    hall.hear(4, members=450)
    assert hall.system.asked

    began_s = time.monotonic()
    hall.loop.close(0.1)

    assert time.monotonic() - began_s < SOON_S
    assert len(hall.system.size.clusters) == 2
