"""Where the books begin, and where they go on: decided before anything is read.

They begin with the logs, where those are whole. Where something was removed that
nobody read, they begin anew with a whole minute behind it, and say so.
"""

import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from stream.auditor.books import COPIES_KEPT_MS, Books
from stream.auditor.ledger import MINUTE_MS
from stream.auditor.source import Kind, Place, Rules
from stream.auditor.store import Store

log = logging.getLogger(__name__)

FILE = "books.sqlite"

_FORMAT = "1"
"""Of the file; one of another format is set aside."""

COMPACTED_AFTER_MS = 55 * MINUTE_MS
"""Older frames may be gone: only those younger than an hour are left alone."""


class Bounds(Protocol):
    """What has to be known of the logs; `bounds.KafkaBounds` asks Kafka."""

    def ids(self) -> dict[str, str]:
        """Return what tells each topic from another made later under its name."""
        ...

    def starts(self) -> dict[Place, int]:
        """Return the first offset kept of each partition."""
        ...

    def ends(self) -> dict[Place, int]:
        """Return the next offset to be written of each partition."""
        ...

    def offsets_at(self, time_ms: int) -> dict[Place, int]:
        """Return where each partition's records from a moment on begin."""
        ...


def open_books(folder: Path, logs: Bounds, rules: Rules) -> Books:
    """Open the books in `folder`; where they are of other logs, begin new ones.

    Args:
        folder: Where their file is; made if it is not there.
        logs: What they are of.
        rules: What they are kept by.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path, ids = folder / FILE, {**logs.ids(), "format": _FORMAT}
    is_successor = path.exists() and not _is_of(path, ids)
    if is_successor:
        _set_aside(path)
    store = Store(path)
    books, now_ms = Books(store, rules), time.time_ns() // 1_000_000
    if store.meta(_name(Kind.REACTIONS)) is None:
        for kind, topic_id in ids.items():
            store.note(_name(kind), topic_id)
        _begin(books, logs, now_ms, is_whole=not is_successor and _is_whole(logs))
    _find_gaps(books, logs, now_ms)
    books.commit(books.as_of_ms, 0)
    return books


def _is_of(path: Path, ids: Mapping[str, str]) -> bool:
    """Tell whether the books in a file are of these logs, or not begun yet."""
    store = Store(path)
    known = {kind: store.meta(_name(kind)) for kind in ids}
    store.close()
    return all(known[kind] in (None, topic_id) for kind, topic_id in ids.items())


def _name(what: str) -> str:
    return f"of.{what}"


def _set_aside(path: Path) -> None:
    aside = path.with_name(f"books.{time.time_ns()}.sqlite")
    # Closed in order, they are one file; what a crash left of others belongs to it.
    for suffix in ("-wal", "-shm", ""):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    log.warning("new books: a topic was made anew; the old ones are %s", aside)


def _is_whole(logs: Bounds) -> bool:
    """Tell whether nothing was removed from the logs yet."""
    if any(logs.starts().values()):
        return False
    now_ms = time.time_ns() // 1_000_000
    at = logs.offsets_at(now_ms - COMPACTED_AFTER_MS)
    return not any(offset for (kind, _), offset in at.items() if kind == Kind.FRAMES)


def _begin(books: Books, logs: Bounds, now_ms: int, *, is_whole: bool) -> None:
    starts = logs.starts()
    if is_whole:
        log.info("books begin with the logs")
    else:
        starts = logs.offsets_at(now_ms - books.rules.dedupe_ms - COPIES_KEPT_MS)
        books.begin(_minute_after(now_ms))
        log.warning("books begin since_ms=%d: older records are gone", books.since_ms)
    for (kind, partition), offset in starts.items():
        books.stand_at(kind, partition, offset)


def _find_gaps(books: Books, logs: Bounds, now_ms: int) -> None:
    """Note what was gone before it was read, and begin anew behind it."""
    starts, ends = logs.starts(), logs.ends()
    whole = logs.offsets_at(now_ms - COMPACTED_AFTER_MS)
    found = False
    for place, start in starts.items():
        kept = whole[place] if place[0] == Kind.FRAMES else start
        next_ = books.next_of(*place)
        if next_ is None:
            books.stand_at(*place, start)  # a partition that was added
        elif next_ > ends[place]:
            log.error("%s/%d ends at %d, %d was read", *place, ends[place], next_)
            books.skip(*place, ends[place], now_ms=now_ms)
            found = True
        elif next_ < kept:
            log.error("%s/%d unread from %d to %d", *place, next_, kept)
            books.skip(*place, kept, now_ms=now_ms)
            found = True
    if found:
        books.begin(_minute_after(now_ms + books.rules.dedupe_ms))
        log.error("books begin anew since_ms=%d", books.since_ms)


def _minute_after(moment_ms: int) -> int:
    return moment_ms - moment_ms % MINUTE_MS + MINUTE_MS
