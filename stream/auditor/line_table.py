"""The tables of lines: what happened to each room in each minute."""

import sqlite3
from collections import Counter
from collections.abc import Iterable

from stream.auditor.ledger import MINUTE_MS

FOLDED = -1
"""The minute of all that are no longer kept one by one."""

COLUMNS = (
    *("posts", "received", "accepted", "unknown"),
    *("stored", "repeated", "overdue", "unreadable", "late", "movable"),
    *("counted", "published"),
)

Cell = tuple[str, int, str]
"""Room, minute, column."""

_NOTHING = ", ".join(f"{name} = 0" for name in COLUMNS if name != "movable")
_EMPTY = f"UPDATE lines SET {_NOTHING} WHERE minute_ms = ?"  # noqa: S608 - ours


def _folded(column: str) -> str:
    if column == "movable":  # between two minutes that are one now
        return "sum(iif(minute_ms < :since_ms, movable, 0))"
    return f"sum({column})"


_ADD = (
    f"INSERT INTO lines (room, minute_ms, {', '.join(COLUMNS)})"  # noqa: S608 - ours
    f" VALUES ({', '.join('?' * (2 + len(COLUMNS)))}) ON CONFLICT DO UPDATE SET "
    + ", ".join(f"{name} = {name} + excluded.{name}" for name in COLUMNS)
)
_ADD_LABEL = (
    "INSERT INTO labels VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT DO UPDATE SET number = number + excluded.number"
)
_FOLD = (
    f"INSERT INTO lines (room, minute_ms, {', '.join(COLUMNS)})"  # noqa: S608 - ours
    f" SELECT room, {FOLDED}, {', '.join(map(_folded, COLUMNS))}"
    " FROM lines WHERE minute_ms >= 0 AND minute_ms < :before_ms GROUP BY room"
    " ON CONFLICT DO UPDATE SET "
    + ", ".join(f"{name} = {name} + excluded.{name}" for name in COLUMNS)
)
_FOLD_LABELS = (
    f"INSERT INTO labels SELECT room, {FOLDED}, kind, label, sum(number)"  # noqa: S608
    " FROM labels WHERE minute_ms >= 0 AND minute_ms < ? GROUP BY room, kind, label"
    " ON CONFLICT DO UPDATE SET number = number + excluded.number"
)


class LineTable:
    """Lines, their labels, and which minutes are inexact."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def add(self, cells: Counter[Cell]) -> None:
        """Add to the lines, also less than nothing."""
        rows: dict[tuple[str, int], dict[str, int]] = {}
        for (room, minute_ms, column), number in cells.items():
            if number:
                rows.setdefault((room, minute_ms), {})[column] = number
        values = [
            (*key, *(row.get(column, 0) for column in COLUMNS))
            for key, row in rows.items()
        ]
        self._db.executemany(_ADD, values)

    def add_labels(self, labels: Counter[tuple[str, int, str, str]]) -> None:
        """Add to what was rejected and refused: room, minute, kind, label."""
        self._db.executemany(_ADD_LABEL, [(*key, n) for key, n in labels.items()])

    def fold(self, before_ms: int, *, since_ms: int) -> None:
        """Put the minutes before a moment into their rooms' sums.

        Args:
            before_ms: The first minute that stays.
            since_ms: Where the books begin: what could move across that, still can.
        """
        self._db.execute(_FOLD, {"before_ms": before_ms, "since_ms": since_ms})
        self._db.execute(_FOLD_LABELS, (before_ms,))
        self._drop(0, before_ms)

    def begin(self, since_ms: int) -> None:
        """Forget all that lies before a minute, but for what can move into it."""
        before_ms = since_ms - MINUTE_MS
        self._drop(FOLDED, before_ms)
        self._db.execute(_EMPTY, (before_ms,))
        self._db.execute("DELETE FROM labels WHERE minute_ms = ?", (before_ms,))

    def _drop(self, first_ms: int, before_ms: int) -> None:
        between = (first_ms, before_ms)
        for table in ("lines", "labels", "inexact"):
            self._db.execute(
                f"DELETE FROM {table} WHERE minute_ms >= ? AND minute_ms < ?",  # noqa: S608
                between,
            )

    def mark_inexact(self, minutes: Iterable[int]) -> None:
        """Remember the minutes of which not all was said."""
        rows = [(minute,) for minute in minutes]
        self._db.executemany("INSERT OR IGNORE INTO inexact VALUES (?)", rows)
