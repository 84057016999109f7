"""The tables of windows and rooms: what frames say was counted."""

import sqlite3
from collections import Counter
from collections.abc import Mapping

from stream.auditor.counting import Run, Window


class WindowTable:
    """A `counting.WindowStore` in SQLite."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def run(self) -> Run | None:
        """Return the run that the journal is of."""
        row = self._db.execute("SELECT epoch, seq, made_ms FROM run").fetchone()
        return Run(*row) if row else None

    def begin(self, run: Run) -> None:
        """Begin a journal for `run`, and throw the last one away."""
        self._db.execute("DELETE FROM run")
        run_ = (run.epoch, run.seq, run.made_ms)
        self._db.execute("INSERT INTO run VALUES (?, ?, ?)", run_)
        self._db.execute("DELETE FROM journal")

    def journal(self) -> list[tuple[str, int, int]]:
        """Return room, window, and the count before, of all that the run changed."""
        return self._db.execute("SELECT * FROM journal").fetchall()

    def remember(self, room: str, window_ms: int, count: int) -> None:
        """Put the count before the run into the journal, unless it has one."""
        self._db.execute(
            "INSERT OR IGNORE INTO journal VALUES (?, ?, ?)", (room, window_ms, count)
        )

    def window(self, room: str, window_ms: int) -> Window | None:
        """Return a window of a room."""
        row = self._db.execute(
            "SELECT epoch, count FROM windows WHERE room = ? AND window_ms = ?",
            (room, window_ms),
        ).fetchone()
        return Window(*row) if row else None

    def put(self, room: str, window_ms: int, window: Window) -> None:
        """Replace a window of a room."""
        self._db.execute(
            "REPLACE INTO windows VALUES (?, ?, ?, ?)",
            (room, window_ms, window.epoch, window.count),
        )

    def drop(self, before_ms: int) -> None:
        """Forget the windows before a moment, but for those in the journal."""
        self._db.execute(
            "DELETE FROM windows WHERE window_ms < ? AND NOT EXISTS (SELECT 1 FROM"
            " journal WHERE journal.room = windows.room"
            " AND journal.window_ms = windows.window_ms)",
            (before_ms,),
        )


class RoomTable:
    """The total of each room, and what its frames have counted."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def show(self, room: str, total: int, *, before: int | None) -> None:
        """Note the total of a room's newest frame; `before` if it is a new room."""
        self._db.execute(
            "INSERT INTO rooms (room, total, before) VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET total = excluded.total",
            (room, total, before),
        )

    def count(self, changes: Counter[str]) -> None:
        """Add to what all frames of rooms have counted."""
        self._db.executemany(
            "UPDATE rooms SET counted = counted + ? WHERE room = ?",
            [(by, room) for room, by in changes.items()],
        )

    def forget_before(self) -> None:
        """Let each room's total be taken as it is met next."""
        self._db.execute("UPDATE rooms SET drift = NULL, before = NULL")

    def compare(self) -> None:
        """Compare the totals of the rooms in the journal with what was counted.

        By how much they differ when a room is met, is from before the books began.
        """
        self._db.execute(
            "UPDATE rooms SET drift = total - counted,"
            " before = ifnull(before, total - counted)"
            " WHERE room IN (SELECT room FROM journal)"
        )


class ShownTable:
    """What a cluster's broker shows of each window."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def newest(self) -> list[tuple[str, int]]:
        """Return the newest trigger that was shown of each epoch."""
        return self._db.execute("SELECT epoch, seq FROM epochs").fetchall()

    def note_newest(self, newest: Mapping[str, int]) -> None:
        """Remember the newest trigger that was shown of each epoch."""
        self._db.executemany("REPLACE INTO epochs VALUES (?, ?)", newest.items())

    def get(self, room: str, window_ms: int) -> tuple[str, int, int, int, int] | None:
        """Return epoch, seq, base, before and count of a window of a room."""
        row = self._db.execute(
            "SELECT epoch, seq, base, before, count FROM shown"
            " WHERE room = ? AND window_ms = ?",
            (room, window_ms),
        ).fetchone()
        return tuple(row) if row else None

    def put(
        self, room: str, window_ms: int, row: tuple[str, int, int, int, int]
    ) -> None:
        """Replace a window of a room, as `get` returns it."""
        self._db.execute(
            "REPLACE INTO shown VALUES (?, ?, ?, ?, ?, ?, ?)", (room, window_ms, *row)
        )

    def drop(self, before_ms: int) -> None:
        """Forget the windows before a moment."""
        self._db.execute("DELETE FROM shown WHERE window_ms < ?", (before_ms,))
