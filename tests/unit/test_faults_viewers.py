"""Whom the trials wait for, before anybody is connected."""

from collections import Counter

from tests.faults.sight import Shown
from tests.faults.viewers import JOINED_PER_ROOM, Viewers

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
