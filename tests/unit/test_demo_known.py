"""What the demo's picture knows of the room."""

import pytest

from clients.event import Message, Tick
from compose.demo.known import Known
from mosquitto.topic import room_frame
from tests.frames import frame

ROOM = "match"


def told(known: Known, at_s: float, total: int) -> None:
    payload = frame(ROOM, int(at_s) + 1, int(at_s) + 1, total=total).encode()
    topic = room_frame(ROOM)
    known.take(Message(at_s, topic, payload, retained=False, bridge_ms=None, here_ms=0))


def test_a_rate_is_of_the_last_seconds() -> None:
    known = Known(ROOM)

    for at_s in range(10):
        told(known, at_s, 1_000 * at_s if at_s < 5 else 4_000)

    assert known.per_s == 0


@pytest.mark.parametrize("apart_s", [1, 6, 9])
def test_a_rate_is_known_however_seldom_frames_come(apart_s: int) -> None:
    known = Known(ROOM)

    for number in range(5):
        told(known, apart_s * number, 60_000 * apart_s * number)

    assert known.per_s == 60_000


def test_after_ten_seconds_without_a_frame_nothing_happens_now() -> None:
    known = Known(ROOM)
    told(known, 0, 0)
    told(known, 1, 1_000)

    known.take(Tick(9))
    assert known.per_s == 1_000
    known.take(Tick(12))
    assert known.per_s == 0
