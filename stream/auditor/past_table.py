"""The tables by which later records are judged: a batch's copies, ingest's workers."""

import sqlite3
from collections.abc import Iterable

from stream.auditor.copies import Copy
from stream.auditor.intake import Worker


class CopyTable:
    """Every record of a batch, for as long as another may come."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def of(self, batch: bytes) -> list[Copy]:
        """Return the records of a batch that are remembered."""
        rows = self._db.execute(
            "SELECT appended_ms, partition, offset, reactions, is_late FROM copies"
            " WHERE batch = ?",
            (batch,),
        )
        return [
            Copy(ms, partition, offset, reactions, is_late=bool(late))
            for ms, partition, offset, reactions, late in rows
        ]

    def add(self, batch: bytes, copy: Copy) -> None:
        """Remember a record of a batch."""
        at = (copy.appended_ms, copy.partition, copy.offset)
        self._db.execute(
            "INSERT INTO copies VALUES (?, ?, ?, ?, ?, ?)",
            (batch, *at, copy.reactions, copy.is_late),
        )

    def replace(self, batch: bytes, copies: Iterable[Copy]) -> None:
        """Remember only these records of a batch."""
        self._db.execute("DELETE FROM copies WHERE batch = ?", (batch,))
        for copy in copies:
            self.add(batch, copy)

    def drop(self, before_ms: int) -> None:
        """Forget the records before a moment."""
        self._db.execute("DELETE FROM copies WHERE appended_ms < ?", (before_ms,))


class WorkerTable:
    """What is known of each worker of ingest."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def all(self) -> dict[str, Worker]:
        """Return what is known of each."""
        rows = self._db.execute("SELECT * FROM workers").fetchall()
        return {
            name: Worker(seq, last_ms, bool(closed), bool(silent), bool(lacking))
            for name, seq, last_ms, closed, silent, lacking in rows
        }

    def put(self, name: str, worker: Worker) -> None:
        """Replace what is known of one."""
        self._db.execute(
            "REPLACE INTO workers VALUES (?, ?, ?, ?, ?, ?)",
            (
                name,
                worker.seq,
                worker.last_ms,
                worker.is_closed,
                worker.is_silent,
                worker.is_lacking,
            ),
        )

    def drop(self, before_ms: int) -> None:
        """Forget those that took leave before a moment, with nothing missing."""
        self._db.execute(
            "DELETE FROM workers WHERE is_closed AND NOT is_lacking AND last_ms < ?",
            (before_ms,),
        )
