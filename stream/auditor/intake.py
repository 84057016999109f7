"""What ingest's workers say of themselves, and when that is not all they did.

A worker numbers its words. A number that is missing, or a silence without a farewell,
means that something was counted and never said: the minutes concerned are inexact.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated

import msgspec

from ingest.topics import NO_ROOM
from mosquitto.topic import BadRoom, check_room

SILENT_AFTER_MS = 10_000
"""A worker that lives says a word every five seconds."""


class BadWord(ValueError):
    """The bytes are no word of a worker."""


_Number = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
"""Beyond that it is no count, and would not fit into the books."""


class Deltas(msgspec.Struct, frozen=True):
    """What was done for a room since the worker's word before."""

    posts: _Number = 0
    received: _Number = 0
    accepted: _Number = 0
    unknown: _Number = 0
    rejected: dict[str, _Number] = {}
    refused: dict[str, _Number] = {}


class Word(msgspec.Struct, frozen=True):
    """One word of a worker."""

    v: int
    worker: str
    seq: _Number
    closed: bool
    rooms: dict[str, Deltas]

    def by_room(self) -> Iterator[tuple[str, Deltas]]:
        """Yield what was done for each room; for what is none, under `NO_ROOM`."""
        for name, done in self.rooms.items():
            try:
                yield check_room(name), done
            except BadRoom:
                yield NO_ROOM, done


@dataclass(frozen=True, slots=True)
class Worker:
    """What is known of a worker.

    Attributes:
        seq: The number of its newest word.
        last_ms: When that was stored.
        is_closed: Whether it took leave with it.
        is_silent: Whether it should have said more by now.
        is_lacking: Whether a word of it is missing for ever.
    """

    seq: int
    last_ms: int
    is_closed: bool
    is_silent: bool = False
    is_lacking: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """What follows from a word.

    Attributes:
        worker: What is known of its worker now.
        inexact_ms: From when to when minutes are not exact; None if all are.
    """

    worker: Worker
    inexact_ms: tuple[int, int] | None


def read(value: bytes | None) -> Word:
    """Read a word.

    Raises:
        BadWord: If it is none of version 1.
    """
    try:
        word = msgspec.json.decode(value or b"", type=Word)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadWord(str(error)) from error
    if word.v != 1:
        raise BadWord(f"version {word.v}")
    return word


def hear(known: Worker | None, word: Word, at_ms: int) -> Heard | None:
    """Return what follows from a word; None if it was heard before.

    Args:
        known: What was known of its worker.
        word: What it says.
        at_ms: When Kafka stored it.
    """
    if known is not None and word.seq <= known.seq:
        return None
    if known is None:
        known = Worker(-1, at_ms, is_closed=False)
    is_gap = word.seq > known.seq + 1
    inexact_ms = (known.last_ms, at_ms) if is_gap or known.is_silent else None
    worker = Worker(word.seq, at_ms, word.closed, is_lacking=known.is_lacking or is_gap)
    return Heard(worker, inexact_ms)


def miss(known: Worker, now_ms: int) -> Heard | None:
    """Return what follows from a worker's silence up to `now_ms`, if anything does."""
    if known.is_closed or known.is_silent:
        return None
    if now_ms - known.last_ms <= SILENT_AFTER_MS:
        return None
    until_ms = known.last_ms + SILENT_AFTER_MS
    return Heard(replace(known, is_silent=True), (known.last_ms, until_ms))
