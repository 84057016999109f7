"""Records for tests of the auditor, and books to put them into."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from stream.auditor.books import Books
from stream.auditor.source import Kind, Record, Rules
from stream.auditor.store import Store

MINUTE_MS = 60_000
START_MS = 1_795_226_400_000
"""A whole minute; moments in tests are seconds after it."""

RULES = Rules(dedupe_ms=60_000, window_ms=2000)
FIRST, SECOND = "2026-11-20T18:00:00.000Z", "2026-11-20T19:00:00.000Z"


def at(second: float) -> int:
    return START_MS + round(second * 1000)


def value(reactions: int) -> bytes:
    one = {"user_id": "u", "emoji_type": "🔥", "timestamp": 1}
    return msgspec.json.encode([one] * reactions)


def posted(  # noqa: PLR0913 - all that a record is
    second: float,
    reactions: int = 1,
    batch: str | None = None,
    *,
    room: str = "final",
    partition: int = 0,
    offset: int = 0,
    raw: bytes | None = None,
) -> Record:
    headers = [("batch_id", batch)] if batch is not None else []
    return Record(
        kind=Kind.REACTIONS,
        partition=partition,
        offset=offset,
        appended_ms=at(second),
        key=room.encode(),
        value=value(reactions) if raw is None else raw,
        headers=headers,
    )


def frame_bytes(  # noqa: PLR0913 - all that is looked at
    second: float,
    count: int,
    *,
    seq: int,
    room: str = "final",
    epoch: str = FIRST,
    run: int = 0,
    total: int = 0,
) -> bytes:
    """Write a frame of the window at `second`; each run of a trigger has a number."""
    return msgspec.json.encode(
        {
            "v": 1,
            "room": room,
            "epoch": epoch,
            "seq": seq,
            "window_start_ms": at(second),
            "window_ms": 2000,
            "counts": {"🔥": count - count // 3} if count else {},
            "other": count // 3,
            "total": total,
            "times": {"appended_ms": at(second), "made_ms": START_MS + run},
        }
    )


def framed(payload: bytes, offset: int) -> Record:
    room = msgspec.json.decode(payload)["room"]
    return Record(Kind.FRAMES, 0, offset, START_MS, room.encode(), payload)


def said(
    second: float, seq: int, offset: int, *, closed: bool = False, **rooms: object
) -> Record:
    word = {"v": 1, "worker": "ab", "seq": seq, "closed": closed, "rooms": rooms}
    raw = msgspec.json.encode(word)
    return Record(Kind.INTAKE, 0, offset, at(second), b"ab", raw)


def new_books(path: Path | str = ":memory:") -> Books:
    return Books(Store(path), RULES)


def take_all(books: Books, records: Sequence[Record]) -> None:
    for record in records:
        books.take(record)
