"""Which rooms' books do not add up, by the newest minute that is settled."""

import sqlite3
from dataclasses import dataclass

from stream.auditor.ledger import MINUTE_MS, SETTLED_AFTER_MS

DIFFERENCE = "stored - repeated - unreadable - late - counted"


def _query(which: str) -> str:
    """Return the query for wrong rooms.

    What may stand on either side of a minute's end, or of the books' beginning, excuses
    as much of a difference; what is overdue need not be counted, what is late may be.
    """
    return f"""
        SELECT lines.room, difference, rooms.drift - rooms.before FROM (
            SELECT room, sum({DIFFERENCE}) AS difference, sum(overdue) AS overdue,
                sum(late) AS late,
                sum(iif(minute_ms < :since_ms OR minute_ms = :settled_ms, movable, 0))
                    AS movable
            FROM lines WHERE minute_ms <= :settled_ms {which} GROUP BY room
        ) AS lines LEFT JOIN rooms USING (room)
        WHERE difference > movable + overdue OR difference < -movable - late
            OR rooms.drift != rooms.before
    """  # noqa: S608 - nothing in it comes from outside


_ALL, _ONE = _query(""), _query("AND room = :room")


@dataclass(frozen=True, slots=True)
class Wrong:
    """A room whose books do not add up.

    Attributes:
        difference: Of its lines, up to the newest settled minute.
        drift: By how much its total differs from what its frames counted.
    """

    room: str
    difference: int
    drift: int

    @property
    def size(self) -> int:
        """How many reactions are missing or too many."""
        return max(abs(self.difference), abs(self.drift))


def settled_ms(as_of_ms: int) -> int:
    """Return the beginning of the newest minute that is settled."""
    last_ms = as_of_ms - SETTLED_AFTER_MS - MINUTE_MS
    return last_ms - last_ms % MINUTE_MS


def wrong_rooms(
    db: sqlite3.Connection, as_of_ms: int, since_ms: int, room: str | None = None
) -> list[Wrong]:
    """Return the rooms whose books do not add up, all or this one."""
    bounds = {"settled_ms": settled_ms(as_of_ms), "since_ms": since_ms, "room": room}
    return [
        Wrong(name, difference, drift or 0)
        for name, difference, drift in db.execute(_ONE if room else _ALL, bounds)
    ]
