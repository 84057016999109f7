"""Those that a crowd's seats count: who got no place, or nothing newer."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from clients.crowd.crowd import Crowd
from clients.crowd.hall import TIME_TO_JOIN_S
from clients.crowd.plan import Plan
from clients.crowd.progress import Progress
from clients.crowd.report import NOT_WELL
from tests.integration.crowd_desk import CrowdDesk, crowd_desk
from tests.integration.test_crowd import Once, Run, plan

NICENESS_MAX = 19


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[CrowdDesk]:
    with crowd_desk(tmp_path) as running:
        yield running


@dataclass
class Fills(Run):
    """Once some have joined there is no room, until it is certain who waits."""

    desk: CrowdDesk | None = None
    coming_s: float = 6.0
    full_s: float | None = None
    is_over: bool = False

    def __call__(self, progress: Progress) -> None:
        assert self.desk
        now_s, long_s = time.monotonic(), self.coming_s + TIME_TO_JOIN_S + 2
        if self.full_s is None and progress.joined:
            self.full_s = now_s
            full = {"error": "no_room", "help": "Every cluster is full."}
            self.desk.places = (503, full)
        elif self.full_s and now_s - self.full_s > long_s and not self.is_over:
            self.is_over = True
            self.crowd.stop()


def test_who_never_got_a_place_is_counted_also_where_viewers_come_and_go(
    desk: CrowdDesk,
) -> None:
    coming = plan(desk, clients=0, viewers=8, join_leave=True, arrive_within_s=6.0)
    found = Fills(Crowd(coming), desk=desk).report()
    seen = found.attended

    assert 1 <= seen.members < 8
    assert seen.not_joined >= 8 - seen.members
    assert seen.put_off >= seen.not_joined
    assert found.exit_code == NOT_WELL
    (failure,) = found.failures
    assert f"{seen.not_joined} clients were never assigned: no_room" in failure


class Marks(Once):
    """From now on it counts who gets something newer."""

    def act(self) -> None:
        self.crowd.mark()


def test_who_gets_nothing_newer_after_the_mark_is_counted(desk: CrowdDesk) -> None:
    quiet = Plan(
        url=desk.url, room="quiet", clients=0, viewers=6, seconds=4, arrive_within_s=0.5
    )
    found = Marks(Crowd(quiet)).report()

    assert found.attended.not_newer == 6
    assert found.failures == ("6 clients got nothing newer after the mark",)


@dataclass
class Looks(Once):
    """Notes how far behind all others its seats are scheduled."""

    niceness: int = -1

    def act(self) -> None:
        self.niceness = os.getpriority(os.PRIO_PROCESS, self.crowd.pids["seats"])


@pytest.mark.parametrize(("steps_back", "by"), [(True, 15), (False, 0)])
def test_seats_let_all_others_go_first_where_that_is_wished_for(
    desk: CrowdDesk,
    steps_back: bool,  # noqa: FBT001 - a case of the test
    by: int,
) -> None:
    chosen = plan(desk, clients=0, viewers=2, seconds=3, steps_back=steps_back)
    run = Looks(Crowd(chosen))
    run.report()

    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert run.niceness == min(NICENESS_MAX, own + by)
