"""Who comes to a hall where nobody gets a place."""

import time
from collections.abc import Callable

import pytest

from clients.crowd.hall import Hall
from clients.crowd.wire import Invitation
from clients.steps import Placed, PutOff

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


class Odd:
    """Cannot be understood."""

    def ask(self) -> Placed | PutOff:
        raise ValueError("no JSON")


@pytest.mark.parametrize(("server", "why"), [(Full(), "full"), (Odd(), "no JSON")])
def test_why_nobody_gets_a_place_is_known(server: Full | Odd, why: str) -> None:
    hall = Hall(INVITATION, server)
    served_until(hall, lambda: hall.put_off + hall.put_out >= VIEWERS)

    assert why in hall.problem + hall.put_off_for


def served_until(hall: Hall, is_so: Callable[[], bool]) -> None:
    until_s = time.monotonic() + WITHIN_S
    while not is_so() and time.monotonic() < until_s:
        hall.serve(0.1)
    hall.close()
    assert is_so()
