"""The end of a trial: all that was sent is shown to all, and is compared.

Waits for what is right, and judges what is there when it never comes.
"""

import time
from collections import Counter
from dataclasses import dataclass, field

from tests.faults import promises
from tests.faults.book import Book
from tests.faults.promises import Verdict
from tests.faults.scene import Scene
from tests.faults.viewers import Viewers

SETTLED_WITHIN_S = 240.0
"""From the last answer to a sender until everybody is shown all of it."""

QUIET_S = 6.0
"""So long nothing may change where nobody can tell what the totals will be: what
ingest has taken in, Kafka has or never will."""

_POLL_S = 0.1


@dataclass(slots=True)
class Theatre:
    """A scene, who watches it, and the totals with which the last trial ended."""

    scene: Scene
    viewers: Viewers
    totals: dict[str, Counter[str]] = field(default_factory=dict)
    is_ill: bool = False
    """Whether the last trial ended without recovery."""

    def total(self, room: str) -> int:
        """Return the total of a room when this trial began."""
        return self.totals.get(room, Counter()).total()


def settle(theatre: Theatre) -> tuple[Book, Verdict]:
    """Return the book and what came of it, once it is right, or after long.

    The senders are held already. What is shown then is where the next trial begins.
    """
    book = theatre.scene.senders.book()
    before = {room: theatre.totals.get(room, Counter()) for room in book.accepted}
    sights = {room: theatre.viewers.sights_of(room) for room in book.accepted}
    deadline = time.monotonic() + SETTLED_WITHIN_S
    quiet = _Quiet()
    while time.monotonic() < deadline:
        newest = {room: promises.newest(room, sights[room]) for room in sights}
        quiet_s = quiet.lasts_s([one and one.total for one in newest.values()])
        is_certain = not book.doubtful or quiet_s > QUIET_S
        if is_certain and promises.is_settled(book, before, sights):
            break
        time.sleep(_POLL_S)
    verdict = promises.judged(book, before, sights)
    for room, watching in sights.items():
        if shown := promises.newest(room, watching):
            theatre.totals[room] = shown.totals
    return book, verdict


class _Quiet:
    """Knows since when something has not changed."""

    def __init__(self) -> None:
        self._last: object = None
        self._since_s = time.monotonic()

    def lasts_s(self, now: object) -> float:
        if now != self._last:
            self._last, self._since_s = now, time.monotonic()
        return time.monotonic() - self._since_s
