"""What the books say: read from their file, beside the one thread that writes.

Each answer is of one transaction, so no line is shown half.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from stream.auditor.ledger import Gap, Line, Overview, RoomLedger, RoomSummary
from stream.auditor.line_table import COLUMNS, FOLDED
from stream.auditor.verdict import DIFFERENCE, Wrong, settled_ms, wrong_rooms

ROOMS_SHOWN = 100
_BUSY_S = 5.0

_NUMBERS = ", ".join(COLUMNS)
_OF_ROOM = (
    f"SELECT minute_ms, {_NUMBERS} FROM lines WHERE room = ?"  # noqa: S608 - ours
    " AND (minute_ms >= ? OR minute_ms = ?) ORDER BY minute_ms DESC"
)
_OF_ALL = (
    f"SELECT room, sum(stored), sum(counted), sum({DIFFERENCE})"  # noqa: S608 - ours
    " FROM lines WHERE minute_ms >= ? OR minute_ms = ? GROUP BY room"
)

Labels = dict[str, Counter[str]]
"""What was rejected and refused, by label."""


@dataclass(frozen=True, slots=True)
class Health:
    """The state of the books as metrics show it."""

    as_of_ms: int
    rooms: int
    gaps: int
    workers_lost: int
    wrong: list[Wrong]


class Reader:
    """Answers questions about the books; any thread may ask.

    Args:
        path: The books' file.
    """

    def __init__(self, path: Path) -> None:
        self._uri = f"{path.absolute().as_uri()}?mode=ro"

    def room(self, room: str, minutes: int) -> RoomLedger | None:
        """Return the books of a room, of its newest `minutes` at most; None if none."""
        with self._look() as look:
            lines = look.lines(room)
            if not lines:
                return None
            total, before, drift = look.totals(room)
            return RoomLedger(
                room=room,
                as_of_ms=look.as_of_ms,
                since_ms=look.since_ms,
                total=total,
                total_before=before,
                total_difference=drift,
                is_wrong=bool(look.wrong(room)),
                workers_lost=look.workers_lost(),
                sum=_sum(lines, is_exact=not look.workers_lost()),
                minutes=[line for line in lines if line.minute_ms is not None][
                    :minutes
                ],
            )

    def overview(self) -> Overview:
        """Return what there is to say of all rooms."""
        with self._look() as look:
            wrong = look.wrong()
            worst = max(wrong, key=lambda one: one.size, default=None)
            return Overview(
                as_of_ms=look.as_of_ms,
                since_ms=look.since_ms,
                rooms=look.summaries({one.room: one for one in wrong}),
                rooms_wrong=len(wrong),
                worst=worst.room if worst else None,
                gaps=look.gaps(),
            )

    def health(self) -> Health:
        """Return what metrics show."""
        with self._look() as look:
            return Health(
                as_of_ms=look.as_of_ms,
                rooms=look.number("SELECT count(DISTINCT room) FROM lines"),
                gaps=look.number("SELECT count(*) FROM gaps"),
                workers_lost=look.workers_lost(),
                wrong=look.wrong(),
            )

    @contextmanager
    def _look(self) -> Iterator["_Look"]:
        with closing(sqlite3.connect(self._uri, uri=True, timeout=_BUSY_S)) as db:
            db.execute("BEGIN")
            yield _Look(db)


class _Look:
    """Questions within one transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        meta = dict(db.execute("SELECT name, value FROM meta").fetchall())
        self.as_of_ms: int = meta.get("as_of_ms", 0)
        self.since_ms: int = meta.get("since_ms", 0)

    def number(self, query: str) -> int:
        return int(self._db.execute(query).fetchone()[0])

    def workers_lost(self) -> int:
        return self.number("SELECT count(*) FROM workers WHERE is_lacking OR is_silent")

    def wrong(self, room: str | None = None) -> list[Wrong]:
        return wrong_rooms(self._db, self.as_of_ms, self.since_ms, room)

    def totals(self, room: str) -> tuple[int | None, int | None, int]:
        row = self._db.execute(
            "SELECT total, before, ifnull(drift - before, 0) FROM rooms WHERE room = ?",
            (room,),
        )
        return row.fetchone() or (None, None, 0)

    def lines(self, room: str) -> list[Line]:
        """Return the lines of a room, newest first, and the folded ones at last."""
        rows = self._db.execute(_OF_ROOM, (room, self.since_ms, FOLDED))
        labels = self._labels(room)
        inexact = {ms for (ms,) in self._db.execute("SELECT minute_ms FROM inexact")}
        through_ms = settled_ms(self.as_of_ms)
        return [
            _line(
                minute_ms,
                numbers,
                labels.get(minute_ms, {}),
                is_exact=minute_ms not in inexact,
                is_settled=minute_ms <= through_ms,
            )
            for minute_ms, *numbers in rows
        ]

    def summaries(self, wrong: Mapping[str, Wrong]) -> list[RoomSummary]:
        """Return the rooms to show, the wrong ones first."""
        found = [
            RoomSummary(
                room=room,
                stored=stored,
                counted=counted,
                difference=difference,
                total_difference=wrong[room].drift if room in wrong else 0,
                is_wrong=room in wrong,
            )
            for room, stored, counted, difference in self._db.execute(
                _OF_ALL, (self.since_ms, FOLDED)
            )
        ]
        found.sort(key=lambda one: (not one.is_wrong, -one.stored, one.room))
        return found[:ROOMS_SHOWN]

    def gaps(self) -> list[Gap]:
        rows = self._db.execute("SELECT * FROM gaps ORDER BY seen_ms")
        return [
            Gap(topic=topic, partition=part, first=first, next=next_, seen_ms=seen_ms)
            for topic, part, first, next_, seen_ms in rows
        ]

    def _labels(self, room: str) -> dict[int, Labels]:
        rows = self._db.execute(
            "SELECT minute_ms, kind, label, number FROM labels WHERE room = ?", (room,)
        )
        found: dict[int, Labels] = {}
        for minute_ms, kind, label, number in rows:
            found.setdefault(minute_ms, {}).setdefault(kind, Counter())[label] = number
        return found


def _line(
    minute_ms: int,
    numbers: list[int],
    labels: Labels,
    *,
    is_exact: bool,
    is_settled: bool,
) -> Line:
    named = dict(zip(COLUMNS, numbers, strict=True))
    del named["movable"]
    return Line(
        minute_ms=None if minute_ms == FOLDED else minute_ms,
        **named,
        rejected=labels.get("rejected", Counter()),
        refused=labels.get("refused", Counter()),
        is_exact=is_exact,
        difference=_difference(named),
        is_settled=is_settled,
    )


def _sum(lines: list[Line], *, is_exact: bool) -> Line:
    named = {
        name: sum(getattr(line, name) for line in lines)
        for name in COLUMNS
        if name != "movable"
    }
    return Line(
        minute_ms=None,
        **named,
        rejected=sum((Counter(line.rejected) for line in lines), Counter()),
        refused=sum((Counter(line.refused) for line in lines), Counter()),
        is_exact=is_exact,
        difference=_difference(named),
        is_settled=all(line.is_settled for line in lines),
    )


def _difference(named: dict[str, int]) -> int:
    taken_off = named["repeated"] + named["unreadable"] + named["late"]
    return named["stored"] - taken_off - named["counted"]
