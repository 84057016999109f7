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
from compose.scaling.draining import Abandoned
from compose.scaling.hearing import FOLLOWED
from compose.scaling.load import Size
from tests.unit.test_autoscale_hearing import linked, status

BOUNDS = Bounds(clusters_min=1, clusters_max=4, workers_min=1, workers_max=4)
PACE = Pace(up_after_s=2, down_after_s=5, up_pause_s=4, down_pause_s=8)
SOON_S = 30
WHOLE = (None, None)
"""What runs, with what an earlier scaler may have left half done."""


class System:
    """Has a size, and changes it when it is told to and may."""

    def __init__(self) -> None:
        self.size = Size(("cluster-1", "cluster-2"), 1)
        self.asked: list[tuple[int | None, int | None]] = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.problem: Exception | None = None
        self.is_known = True

    def to(
        self, clusters: int | None, workers: int | None, abandoned: threading.Event
    ) -> None:
        self.asked.append((clusters, workers))
        while not self.may_go_on.wait(0.01):
            is_over = abandoned.is_set() and not self.may_go_on.is_set()
            if is_over and self.is_draining(clusters):
                raise Abandoned("The wait for it was given up.")
        if self.problem:
            raise self.problem
        if clusters is None or workers is None:
            return
        names = tuple(f"cluster-{number}" for number in range(1, clusters + 1))
        self.size = Size(names, workers)

    def is_draining(self, clusters: int | None) -> bool:
        return clusters is not None and clusters < len(self.size.clusters)

    def now(self) -> Size:
        if not self.is_known:
            raise Refused("Nobody knows")
        return self.size


class Hall:
    """The loop, its system, and what it hears: a status a second of every worker."""

    def __init__(
        self,
        bounds: Bounds = BOUNDS,
        system: System | None = None,
        machine_busy: float | None = None,
    ) -> None:
        self.system, self.told = system or System(), list[str]()
        self.loop = AutoScaler(
            self.system,
            self.system.now,
            bounds,
            pace=PACE,
            machine_busy=lambda: machine_busy,
            tell=self.told.append,
        )
        self.now_s = 1000.0
        self.loop.take(Connected(self.now_s))
        for number in range(1, 9):
            self.loop.take(linked(f"cluster-{number}"))
        self.loop.take(CaughtUp(self.now_s, FOLLOWED))
        self.loop.close(SOON_S)

    def hear(self, seconds: int, members: int, busy: float = 0.5) -> None:
        """Let time pass in which each cluster of 500 has so many members."""
        for _ in range(seconds):
            self.now_s += 1
            for cluster in self.system.size.clusters:
                for worker in range(1, self.system.size.workers + 1):
                    self._hear(f"worker-{worker}", cluster, members, busy)
            self.loop.take(Tick(self.now_s))
            if self.system.may_go_on.is_set():
                self.loop.close(SOON_S)  # what is quick is done by the next look

    def _hear(self, worker: str, cluster: str, members: int, busy: float) -> None:
        said = status(worker, cluster, members=members, busy=busy)
        self.loop.take(replace(said, at_s=self.now_s))


@pytest.fixture
def hall() -> Iterator[Hall]:
    hall = Hall()
    hall.hear(1, members=250)
    assert hall.system.asked == [WHOLE]
    hall.system.asked.clear()
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


def leave_one(hall: Hall) -> None:
    """Have one of two clusters drained, by clients who do not go."""
    hall.system.may_go_on.clear()
    hall.hear(10, members=10)
    assert hall.system.asked == [(1, 1)]
    cluster = frozenset({"cluster-2"})
    hall.system.size = replace(hall.system.size, draining=cluster, leaving=cluster)


def given_up(hall: Hall) -> None:
    """Let the clients come back, until the drain has ended."""
    deadline_s = time.monotonic() + SOON_S
    while len(hall.system.asked) == 1:
        assert time.monotonic() < deadline_s
        hall.hear(1, members=220)
        time.sleep(0.01)


def test_a_drain_is_given_up_when_the_others_become_full(hall: Hall) -> None:
    leave_one(hall)

    given_up(hall)

    assert hall.system.asked == [(1, 1), (2, 1)]
    assert [text for text in hall.told if "tried again" in text] == []
    assert "The drain is given up: members 440 of 500 (88 %) for 2 s." in hall.told


def test_a_drain_goes_on_while_the_others_have_room(hall: Hall) -> None:
    leave_one(hall)

    hall.hear(30, members=150)

    assert hall.system.asked == [(1, 1)]
    hall.system.may_go_on.set()
    hall.hear(2, members=10)
    assert hall.told[-1] == "Done."


def test_it_begins_with_what_an_earlier_one_may_have_left_half_done() -> None:
    hall = Hall()

    hall.hear(30, members=250)

    assert hall.system.asked == [WHOLE]
    assert hall.told == []


def test_what_was_left_half_done_is_tried_again_after_the_pause() -> None:
    system = System()
    system.problem = Refused("Another command scales the system.")
    hall = Hall(system=system)

    hall.hear(2, members=250)
    assert system.asked == [WHOLE]
    system.problem = None
    hall.hear(30, members=250)

    assert system.asked == [WHOLE, WHOLE]


def test_what_cannot_be_made_whole_keeps_no_change_from_being_tried() -> None:
    system = System()
    system.problem = Refused("Port 1887 is taken.")
    hall = Hall(system=system)

    hall.hear(30, members=450)
    assert (3, 1) in system.asked
    hall.hear(30, members=10)

    assert (1, 1) in system.asked


def test_a_drain_that_an_earlier_one_left_is_not_taken_back_at_the_start() -> None:
    system = System()
    cluster = frozenset({"cluster-2"})
    system.size = replace(system.size, draining=cluster, leaving=cluster)
    hall = Hall(system=system)

    hall.hear(30, members=50)

    assert system.asked[0] == (1, 1)


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

    hall.hear(7, members=450)
    assert hall.system.asked == [(3, 1)]
    assert hall.told[-1] == (
        "Port 1887 is taken. It is tried again, if it is called for then, in 4 s;"
        " until then `emostream scale` may be used."
    )
    assert [one.message for one in caplog.records if one.levelname == "WARNING"] == [
        "refused reason='Port 1887 is taken.'"
    ]

    hall.system.problem = None
    hall.hear(5, members=450)
    assert hall.system.asked == [(3, 1), (3, 1)]


def test_of_a_step_up_that_was_refused_what_is_missing_is_tried_again(
    hall: Hall,
) -> None:
    hall.system.problem = Refused("cluster-3 did not start.")
    hall.hear(4, members=450)
    hall.system.problem = None

    hall.hear(3, members=250)
    assert hall.system.asked == [(3, 1)]
    hall.hear(27, members=250)

    assert hall.system.asked == [(3, 1), WHOLE]


def test_a_drain_that_is_refused_says_for_how_long_a_person_may_scale(
    hall: Hall,
) -> None:
    hall.system.problem = Refused("1 client has not moved.")

    hall.hear(9, members=10)

    assert "1 client has not moved. It is tried again" in hall.told[-1]
    assert "in 8 s; until then `emostream scale` may be used." in hall.told[-1]


def test_no_worker_goes_while_the_machine_is_busy() -> None:
    def asked(machine_busy: float | None) -> int | None:
        system = System()
        system.size = Size(("cluster-1", "cluster-2"), 2)
        hall = Hall(system=system, machine_busy=machine_busy)
        hall.hear(15, members=120, busy=0.05)
        return system.asked[-1][1]

    assert asked(2.0) is None
    assert asked(0.2) == asked(None) == 1


def test_a_fault_of_ours_is_not_hidden(hall: Hall) -> None:
    hall.system.problem = RuntimeError("a fault")

    with pytest.raises(RuntimeError, match="a fault"):
        hall.hear(6, members=450)


def test_a_bound_is_a_warning_and_only_one(caplog: pytest.LogCaptureFixture) -> None:
    hall = Hall(replace(BOUNDS, clusters_max=2))

    hall.hear(60, members=450)

    (warning,) = [one for one in caplog.records if one.levelname == "WARNING"]
    reason = "members 900 of 1,000 (90 %) for 2 s, but EMOSTREAM_CLUSTERS_MAX is 2"
    assert reason in warning.message
    assert hall.told == [f"No change: {reason}."]
    assert hall.system.asked == [WHOLE]


def test_a_step_that_waits_for_the_last_one_is_told_once(hall: Hall) -> None:
    hall.hear(5, members=450)
    hall.loop.take(linked("cluster-3", b"0"))

    hall.hear(20, members=450)

    waits = "but not all is seen yet of the last change."
    (told,) = [text for text in hall.told if text.endswith(waits)]
    assert told.startswith("Not yet: members 900 of 1,000 (90 %) for ")


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


def test_who_ends_it_learns_that_a_drain_was_left(hall: Hall) -> None:
    hall.system.may_go_on.clear()
    hall.hear(10, members=10)

    hall.loop.close(SOON_S)

    assert hall.told[-1] == "The wait for it was given up."
