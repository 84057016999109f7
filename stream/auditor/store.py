"""The books' file: SQLite, written by one thread, one transaction after the other.

Counts and the offsets up to which they were read change together. Killed at any
moment, the next start finds the last transaction that was committed and reads on from
there. WAL with synchronous=NORMAL: what was committed survives the process, and a
machine that loses power may lose the newest transactions, each whole.
"""

import sqlite3
from collections.abc import Mapping
from pathlib import Path

from stream.auditor.line_table import LineTable
from stream.auditor.past_table import CopyTable, WorkerTable
from stream.auditor.window_table import RoomTable, ShownTable, WindowTable

_SCHEMA = Path(__file__).with_name("schema.sql")
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=NORMAL",
    "PRAGMA cache_size=-4096",
    "PRAGMA journal_size_limit=16777216",
)


class Store:
    """All tables; changes last from `commit` on.

    Args:
        path: The file; made if it is not there.
    """

    def __init__(self, path: Path | str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, cached_statements=64)
        for pragma in _PRAGMAS:
            self._db.execute(pragma)
        self._db.execute("BEGIN IMMEDIATE")
        if not self._db.execute("SELECT 1 FROM sqlite_schema").fetchone():
            for statement in _SCHEMA.read_text().split(";"):
                self._db.execute(statement)
        self.lines, self.copies = LineTable(self._db), CopyTable(self._db)
        self.windows, self.rooms = WindowTable(self._db), RoomTable(self._db)
        self.shown, self.workers = ShownTable(self._db), WorkerTable(self._db)

    def commit(self) -> None:
        """Make everything since the last time last, or nothing of it."""
        self._db.execute("COMMIT")
        self._db.execute("BEGIN IMMEDIATE")

    def close(self) -> None:
        """Forget what is not committed, and let the file go."""
        self._db.execute("ROLLBACK")
        self._db.close()

    def meta(self, name: str) -> str | int | None:
        """Return a fact of these books."""
        row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,))
        found = row.fetchone()
        return found[0] if found else None

    def note(self, name: str, value: str | int) -> None:
        """Keep a fact of these books."""
        self._db.execute("REPLACE INTO meta VALUES (?, ?)", (name, value))

    def places(self) -> dict[tuple[str, int], tuple[int, int]]:
        """Return offset and newest time by topic and partition."""
        rows = self._db.execute("SELECT topic, partition, next, newest_ms FROM places")
        return {(topic, part): (next_, ms) for topic, part, next_, ms in rows}

    def put_places(self, places: Mapping[tuple[str, int], tuple[int, int]]) -> None:
        """Remember how far each partition was read."""
        rows = [(*key, *place) for key, place in places.items()]
        self._db.executemany("REPLACE INTO places VALUES (?, ?, ?, ?)", rows)

    def add_gap(
        self, topic: str, partition: int, first: int, next_: int, seen_ms: int
    ) -> None:
        """Remember what was gone before it could be read."""
        row = (topic, partition, first, next_, seen_ms)
        self._db.execute("INSERT INTO gaps VALUES (?, ?, ?, ?, ?)", row)
