"""Of how many it is said that so many are there."""

import pytest

from clients.crowd.plan import Plan
from clients.crowd.progress import Phase, Progress
from clients.crowd.wire import SeatedNow

PLAN = Plan(url="http://127.0.0.1:8080", clients=2, viewers=30, join_leave=True)


def told(phase: Phase, seated: SeatedNow | None) -> Progress:
    return Progress.of(
        phase,
        plan=PLAN,
        at_s=0.0,
        of_s=60.0,
        seated=seated,
        sending=None,
        before=0,
        moment="",
    )


def seated(expected: int) -> SeatedNow:
    return SeatedNow(
        expected=expected,
        joined=9,
        clients_joined=2,
        ever_joined=40,
        frames=0,
        deliveries=0,
        total=0,
        moves=0,
        reconnects=0,
        put_out=0,
    )


@pytest.mark.parametrize(
    ("phase", "expected"),
    [(Phase.JOINING, 32), (Phase.SENDING, 28), (Phase.WATCHING, 28)],
)
def test_of_those_that_come_and_go_only_who_is_to_be_there_now_is_expected(
    phase: Phase, expected: int
) -> None:
    assert told(phase, seated(28)).expected == expected


def test_before_anybody_came_all_are_expected() -> None:
    assert told(Phase.WATCHING, None).expected == 32
