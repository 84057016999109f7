"""The books: what each record that is read changes in them.

Whatever order partitions are read in, and wherever reading was interrupted, the same
records make the same books.
"""

import hashlib
import logging
from collections import Counter
from collections.abc import Sequence

from stream.auditor import frames, intake, metrics, records
from stream.auditor.additions import Additions
from stream.auditor.attendance import Attendance
from stream.auditor.copies import Copy, Judge
from stream.auditor.counting import Counting, OldFrame
from stream.auditor.ledger import MINUTE_MS
from stream.auditor.shown import Shown, show
from stream.auditor.source import Kind, Place, Record, Rules
from stream.auditor.store import Store

log = logging.getLogger(__name__)

COPIES_KEPT_MS = 15 * MINUTE_MS
"""How long beyond the time of repeats a batch is remembered."""

COPIES_MAX = 16
"""Of a batch that is repeated without end no more are kept than still decide."""

MINUTES_KEPT_MS = 24 * 60 * MINUTE_MS
_WORKERS_KEPT_MS = 60 * MINUTE_MS


class Books:
    """Takes records in and writes down what they change; one thread only.

    Attributes:
        rules: What they are kept by.
        as_of_ms: Everything that was stored before has been taken in.
    """

    def __init__(self, store: Store, rules: Rules) -> None:
        self._store, self.rules = store, rules
        self._judge = Judge(rules.dedupe_ms, rules.minute_of)
        self._counting = Counting(store.windows)
        self._attendance = Attendance(store.workers, store.lines, rules)
        self._lines = Additions(rules, int(store.meta("since_ms") or 0))
        self._counted: Counter[str] = Counter()
        self._places = store.places()
        self._newest: dict[str, int] = dict(store.shown.newest())
        self._tidied_ms = 0
        self.as_of_ms = int(store.meta("as_of_ms") or 0)

    @property
    def since_ms(self) -> int:
        """Where they begin; 0 if with the logs."""
        return self._lines.since_ms

    @property
    def places(self) -> dict[Place, tuple[int, int]]:
        """The offset to read on from, and the newest time before it."""
        return {**self._places}

    def next_of(self, kind: str, partition: int) -> int | None:
        """Return the offset to read on from; None of what is not known yet."""
        place = self._places.get((kind, partition))
        return place[0] if place else None

    def stand_at(self, kind: str, partition: int, offset: int) -> None:
        """Read a partition on from an offset that is higher, or the first."""
        next_, newest_ms = self._places.get((kind, partition), (0, 0))
        self._places[kind, partition] = (max(next_, offset), newest_ms)

    def begin(self, since_ms: int) -> None:
        """Let the books begin at a minute; what lies before is kept no longer."""
        self._lines.since_ms = since_ms
        self._store.note("since_ms", since_ms)
        self._store.lines.begin(since_ms)
        self._store.rooms.forget_before()

    def skip(self, kind: str, partition: int, to: int, *, now_ms: int) -> None:
        """Note that what lies before `to` was gone before it could be read."""
        first, newest_ms = self._places.get((kind, partition), (0, 0))
        self._store.add_gap(kind, partition, first, to, now_ms)
        self._places[kind, partition] = (to, newest_ms)

    def take(self, record: Record) -> None:
        """Take in the next record of a partition; one that was read changes nothing."""
        key = (record.kind, record.partition)
        next_, newest_ms = self._places.get(key, (0, 0))
        if record.offset < next_:
            return
        match record.kind:
            case Kind.REACTIONS:
                is_late = record.appended_ms < newest_ms - self.rules.dedupe_ms
                self._take_reactions(record, is_late=is_late)
            case Kind.FRAMES:
                self._take_frame(record)
            case _:
                self._take_word(record)
        self._places[key] = (record.offset + 1, max(newest_ms, record.appended_ms))
        metrics.RECORDS.labels(record.kind).inc()

    def show(self, payload: bytes) -> None:
        """Take in a frame that a cluster's broker shows."""
        try:
            frame = frames.read(payload)
        except frames.BadFrame:
            metrics.UNREADABLE.labels("shown").inc()
            return
        if frame.window_ms < self._known_ms(self.as_of_ms):
            return  # of a quiet room: retained, and forgotten here
        table = self._store.shown
        row = table.get(frame.room, frame.window_ms)
        known = Shown(*row) if row else None
        now = show(known, frame, self._newest)
        self._newest[frame.epoch] = max(frame.seq, self._newest.get(frame.epoch, 0))
        if now != known:
            row = (now.epoch, now.seq, now.base, now.before, now.count)
            table.put(frame.room, frame.window_ms, row)
            by = now.sum - (known.sum if known else 0)
            self._lines.add(frame.room, frame.window_ms, "published", by)

    def complete(self) -> None:
        """Compare totals; to be called where no frame of a trigger is missing."""
        self._store.rooms.count(self._counted)
        self._counted.clear()
        run = self._store.windows.run()
        if run is not None and run.made_ms >= self.since_ms:
            self._store.rooms.compare()

    def commit(self, as_of_ms: int, intake_ms: int) -> None:
        """Let all of it last.

        Args:
            as_of_ms: Everything that was stored before has been taken in.
            intake_ms: The same of the words of ingest's workers alone; 0 if what they
                say may still be on its way.
        """
        self.as_of_ms = as_of_ms
        self._attendance.miss(intake_ms)
        self._lines.write(self._store.lines)
        self._store.rooms.count(self._counted)
        self._counted.clear()
        self._store.put_places(self._places)
        self._store.shown.note_newest(self._newest)
        self._store.note("as_of_ms", as_of_ms)
        if as_of_ms >= self._tidied_ms + MINUTE_MS:
            self._tidied_ms = as_of_ms
            self._tidy_up(as_of_ms)
        self._store.commit()

    def close(self) -> None:
        """Let the file go, as it was last committed."""
        self._store.close()

    def _take_reactions(self, record: Record, *, is_late: bool) -> None:
        posted = records.read(record.key, record.value, record.headers)
        room, at_ms, readable = posted.room, record.appended_ms, posted.readable
        self._lines.add(room, at_ms, "stored", readable + posted.unreadable)
        self._lines.add(room, at_ms, "unreadable", posted.unreadable)
        if not readable:
            return  # the stream counts nothing of it, and forgets it
        place = (at_ms, record.partition, record.offset)
        copy = Copy(*place, readable, is_late=is_late)
        known: Sequence[Copy] = ()
        if posted.batch is not None:
            batch = _digest(room, posted.batch)
            known = self._copies_of(batch)
            self._store.copies.add(batch, copy)
        if known or is_late:
            change = self._judge.change(known, copy)
            for (minute_ms, column), by in change.items():
                self._lines.add(room, minute_ms, column, by)

    def _copies_of(self, batch: bytes) -> Sequence[Copy]:
        known = self._store.copies.of(batch)
        if len(known) <= COPIES_MAX:
            return known
        newest = [
            newest_ms
            for (kind, _), (_, newest_ms) in self._places.items()
            if kind == Kind.REACTIONS
        ]
        pruned = self._judge.pruned(known, max(self.as_of_ms, min(newest)))
        if len(pruned) <= len(known) // 2:  # else it would be done for each record
            self._store.copies.replace(batch, pruned)
        return pruned

    def _take_frame(self, record: Record) -> None:
        try:
            frame = frames.in_log(record.key, record.value)
        except frames.BadFrame as error:
            _pass_over(record, error)
            return
        if frame is None:
            return
        if self._counting.begins(frame):
            self.complete()
        try:
            changes = [*self._counting.take(frame)]
        except OldFrame as error:
            metrics.UNREADABLE.labels("old").inc()
            log.error("frame of a driver that was replaced: %s", error)  # noqa: TRY400
            return
        before = None if self.since_ms else 0
        self._store.rooms.show(frame.room, frame.total, before=before)
        for change in changes:
            self._lines.add(change.room, change.window_ms, "counted", change.by)
            self._counted[change.room] += change.by

    def _take_word(self, record: Record) -> None:
        try:
            word = intake.read(record.value)
        except intake.BadWord as error:
            _pass_over(record, error)
            return
        at_ms = record.appended_ms
        if self._attendance.hears(word, at_ms, since_ms=self.since_ms):
            for room, done in word.by_room():
                self._add_done(room, at_ms, done)

    def _add_done(self, room: str, at_ms: int, done: intake.Deltas) -> None:
        for column in ("posts", "received", "accepted", "unknown"):
            self._lines.add(room, at_ms, column, getattr(done, column))
        for kind in ("rejected", "refused"):
            for label, number in getattr(done, kind).items():
                self._lines.label(room, at_ms, kind, label, number)

    def _known_ms(self, as_of_ms: int) -> int:
        return as_of_ms - self.rules.dedupe_ms - COPIES_KEPT_MS

    def _tidy_up(self, as_of_ms: int) -> None:
        """Forget what is needed no longer, and put old minutes together."""
        known_ms = self._known_ms(as_of_ms)
        self._store.copies.drop(known_ms)
        self._store.windows.drop(known_ms)
        self._store.shown.drop(known_ms)
        self._attendance.forget(as_of_ms - _WORKERS_KEPT_MS)
        kept_ms = self.rules.minute_of(max(0, as_of_ms - MINUTES_KEPT_MS))
        self._store.lines.fold(kept_ms, since_ms=self.since_ms)


def _digest(room: str, batch: str) -> bytes:
    return hashlib.blake2b(f"{room} {batch}".encode(), digest_size=16).digest()


def _pass_over(record: Record, error: ValueError) -> None:
    metrics.UNREADABLE.labels(record.kind).inc()
    log.warning("passed over %s/%d: %s", record.kind, record.offset, error)
