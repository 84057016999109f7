"""Those who watch the trials, before anybody is connected."""

from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from emostream import Client, Frame
from tests.faults.sight import Shown
from tests.faults.viewers import JOINED_PER_ROOM, Joined, Viewers
from tests.integration.processes import wait_until

ROOM = "final"
NOBODY = ("127.0.0.1", 1)


def test_news_have_come_when_all_who_watch_or_joined_have_them() -> None:
    viewers = Viewers("http://127.0.0.1:1", [NOBODY, NOBODY], [ROOM, "other"])
    news = Shown(ROOM, ("epoch", 1, 0), 8, Counter({"❤️": 8}))
    *others, last = viewers.sights_of(ROOM)
    assert len(others) == 2 + JOINED_PER_ROOM - 1

    for at_s, sight in enumerate(others):
        sight.take(news, at_s)
    assert viewers.first_above(ROOM, 7) is None

    last.take(news, 99.0)
    assert viewers.first_above(ROOM, 7) == 99.0
    assert viewers.first_above(ROOM, 8) is None


@pytest.mark.parametrize(
    ("frames", "why"),
    [(lambda: iter(()), "no more frames"), (lambda: 1 // 0, "ZeroDivisionError")],
)
def test_who_has_joined_and_gives_up_is_told_of(
    frames: Callable[[], Iterator[Frame]], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Client, "frames", lambda _client: frames())
    joined = Joined("client 1", ROOM, "http://127.0.0.1:1")
    with joined:
        wait_until(lambda: bool(joined.sight.faults), within_s=30, what="a fault")

    told, *_ = joined.sight.faults  # it begins anew, and gives up again
    assert told.startswith("client 1 gave up")
    assert why in told
