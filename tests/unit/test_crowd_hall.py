"""Who comes to a hall where nobody gets a place."""

import time
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from clients.crowd.hall import TIME_TO_JOIN_S, Hall
from clients.crowd.wire import Invitation
from clients.steps import NotAdmitted, Placed, PutOff

VIEWERS = 3
INVITATION = Invitation(
    url="http://127.0.0.1:1",
    room="final",
    clients=0,
    viewers=VIEWERS,
    arrive_within_s=0.0,
)
WITHIN_S = 20.0


class Full:
    """Gives no places."""

    def ask(self) -> Placed | PutOff:
        return PutOff(time.monotonic(), "no_room: every cluster is full")


class Closed:
    """Takes nobody, ever."""

    def ask(self) -> Placed | PutOff:
        raise NotAdmitted("no_crowds", "Not here.")


class Odd:
    """Cannot be understood."""

    def ask(self) -> Placed | PutOff:
        raise ValueError("no JSON")


@pytest.mark.parametrize(("server", "why"), [(Full(), "full"), (Odd(), "no JSON")])
def test_why_nobody_gets_a_place_is_known(server: Full | Odd, why: str) -> None:
    hall = Hall(INVITATION, server)
    served_until(hall, lambda: hall.put_off + hall.put_out >= VIEWERS)

    assert why in hall.problem + hall.put_off_for


def served_until(hall: Hall, is_so: Callable[[], bool], *, closes: bool = True) -> None:
    until_s = time.monotonic() + WITHIN_S
    while not is_so() and time.monotonic() < until_s:
        hall.serve(0.1)
    if closes:
        hall.close()
    assert is_so()


def test_who_was_long_here_and_never_joined_is_told_from_who_has_just_come() -> None:
    hall = Hall(INVITATION, Full())
    served_until(hall, lambda: hall.put_off >= VIEWERS, closes=False)

    assert hall.not_joined == 0
    hall.now_s += TIME_TO_JOIN_S + 1
    assert hall.not_joined == VIEWERS
    hall.close()


def test_who_comes_and_goes_does_not_go_while_it_waits_for_a_place() -> None:
    coming = replace(INVITATION, join_leave=True)
    hall = Hall(coming, Full(), stays_s=(0.1, 0.2))
    served_until(hall, lambda: hall.put_off >= VIEWERS, closes=False)
    first = {*hall.here}
    served_until(hall, lambda: hall.put_off >= 2 * VIEWERS, closes=False)

    assert {*hall.here} == first
    hall.close()


def test_who_is_turned_away_goes_and_another_comes() -> None:
    coming = replace(INVITATION, join_leave=True)
    hall = Hall(coming, Closed(), stays_s=(0.1, 0.2))
    served_until(hall, lambda: hall.put_out > VIEWERS)

    assert hall.not_joined == 0
