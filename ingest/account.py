"""What a worker did for each room since it last said so: its part of the ledger.

Counted in memory while requests are answered, so it has to cost next to nothing;
`ingest.teller` says it, and `stream.auditor` adds it up.
"""

import threading
from collections.abc import Mapping, Sequence

import msgspec

from ingest.refusal import Rejection
from ingest.topics import NO_ROOM

ROOMS_MAX = 10_000
"""Rooms told apart between two words; what others do meanwhile is said together."""

WORD_ROOMS_MAX = 1000
"""Rooms in a word: a line has 800 bytes at most, and Kafka takes 1 MB."""


class Line(msgspec.Struct):
    """A room: POSTs and reactions, as they were counted one by one.

    Attributes:
        posts: That have an outcome: stored, unknown, or refused.
        received: Reactions read in bodies, good or bad.
        accepted: Of these, in batches that Kafka has.
        unknown: Of these, in batches that Kafka has or has not.
        rejected: Of these, left out of what was answered 202 or 422, by reason.
        refused: POSTs of which nothing was stored, by label. Of no room also whatever
            else the server refuses before it is read whole.
    """

    posts: int = 0
    received: int = 0
    accepted: int = 0
    unknown: int = 0
    rejected: dict[str, int] = {}
    refused: dict[str, int] = {}


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker says in the topic `intake`.

    Attributes:
        worker: Who says it; another one after each start.
        seq: From 0 without a gap. One that Kafka may not have is said again.
        closed: Whether it is the last.
        rooms: What was done since the word before.
    """

    v: int = 1
    worker: str
    seq: int
    closed: bool
    rooms: Mapping[str, Line]

    def encode(self) -> bytes:
        """Return the record's value."""
        return msgspec.json.encode(self)


class Account:
    """Counts what is done for each room; any thread may call it."""

    def __init__(self, rooms_max: int = ROOMS_MAX) -> None:
        self._rooms_max = rooms_max
        self._lock = threading.Lock()
        self._lines: dict[str, Line] = {}

    def read(self, room: str, reactions: int) -> None:
        """Count reactions that were read in a body, good or bad."""
        with self._lock:
            self._line(room).received += reactions

    def stored(self, room: str, reactions: int, rejected: Sequence[Rejection]) -> None:
        """Count a batch that Kafka has, and what was left out of it."""
        with self._lock:
            line = self._line(room)
            line.posts += 1
            line.accepted += reactions
            for rejection in rejected:
                _add(line.rejected, rejection.reason)

    def unknown(self, room: str, reactions: int) -> None:
        """Count a batch that Kafka has or has not."""
        with self._lock:
            line = self._line(room)
            line.posts += 1
            line.unknown += reactions

    def refused(
        self, room: str, label: str, rejected: Sequence[Rejection] = ()
    ) -> None:
        """Count a POST of which nothing was stored."""
        with self._lock:
            line = self._line(room)
            line.posts += 1
            _add(line.refused, label)
            for rejection in rejected:
                _add(line.rejected, rejection.reason)

    def take(self) -> dict[str, Line]:
        """Return what was counted since the last time."""
        with self._lock:
            taken, self._lines = self._lines, {}
        return taken

    def _line(self, room: str) -> Line:
        line = self._lines.get(room)
        if line is None:
            if len(self._lines) >= self._rooms_max:
                room = NO_ROOM
            line = self._lines.setdefault(room, Line())
        return line


def _add(counts: dict[str, int], name: str) -> None:
    counts[name] = counts.get(name, 0) + 1
