"""The books as a whole, over a file of their own: what records make of them."""

import random
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from stream.auditor.books import Books
from stream.auditor.ledger import Line, Overview, RoomLedger
from stream.auditor.reader import Reader
from stream.auditor.source import Record
from stream.auditor.store import Store
from tests.auditing import (
    FIRST,
    MINUTE_MS,
    RULES,
    SECOND,
    START_MS,
    at,
    frame_bytes,
    framed,
    posted,
    said,
)

LONG_AFTER_MS = at(3600)
HOUR_MS = 60 * MINUTE_MS


class Desk:
    """Books that can be closed, cut off, and opened again."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "books.sqlite"
        self._open()

    def _open(self) -> None:
        self._store = Store(self.path)
        self.books = Books(self._store, RULES)

    def take(self, *records: Record) -> "Desk":
        for record in records:
            self.books.take(record)
        return self

    def commit(self, as_of_ms: int = LONG_AFTER_MS) -> "Desk":
        self.books.complete()
        self.books.commit(as_of_ms, 0)
        return self

    def copies(self) -> int:
        """Return how many records of batches are remembered."""
        with closing(sqlite3.connect(self.path)) as db:
            return int(db.execute("SELECT count(*) FROM copies").fetchone()[0])

    def cut_off(self) -> None:
        """Lose what is not committed, as kill -9 does."""
        self._store.close()
        self._open()

    def cut_off_after_commit(self) -> None:
        """End in between two transactions."""
        self.commit(at(1))
        self.cut_off()

    def room(self, room: str = "final", as_of_ms: int = LONG_AFTER_MS) -> RoomLedger:
        self.commit(as_of_ms)
        found = Reader(self.path).room(room, 1440)
        assert found is not None
        return found

    def overview(self, as_of_ms: int = LONG_AFTER_MS) -> Overview:
        self.commit(as_of_ms)
        return Reader(self.path).overview()


def numbered(records: Sequence[Record]) -> list[Record]:
    """Return the records as they lie in a log of two partitions."""
    ordered = sorted(records, key=lambda record: record.appended_ms)
    offsets = [0, 0]
    found = []
    for one in ordered:
        found.append(
            Record(
                one.kind,
                one.partition,
                offsets[one.partition],
                one.appended_ms,
                one.key,
                one.value,
                one.headers,
            )
        )
        offsets[one.partition] += 1
    return found


def shown(*frames: bytes) -> list[Record]:
    return [framed(frame, offset) for offset, frame in enumerate(frames)]


def test_what_is_stored_and_counted_leaves_no_difference(tmp_path: Path) -> None:
    desk = Desk(tmp_path).take(posted(1, 5), posted(70, 3, offset=1))
    desk.take(*shown(frame_bytes(0, 5, seq=1), frame_bytes(70, 3, seq=2, total=8)))

    found = desk.room()

    assert [
        (m.minute_ms, m.stored, m.counted, m.difference) for m in found.minutes
    ] == [
        (START_MS + MINUTE_MS, 3, 3, 0),
        (START_MS, 5, 5, 0),
    ]
    assert (found.sum.stored, found.sum.counted, found.sum.difference) == (8, 8, 0)
    assert (found.total, found.total_before, found.is_wrong) == (8, 0, False)


def test_a_record_that_was_dropped_shows_in_its_minute(tmp_path: Path) -> None:
    desk = Desk(tmp_path).take(posted(1, 5), posted(70, 3, offset=1))
    desk.take(*shown(frame_bytes(0, 5, seq=1, total=5)))

    found = desk.room()

    assert [line.difference for line in found.minutes] == [3, 0]
    assert found.is_wrong
    assert desk.overview().worst == "final"


def test_a_record_that_was_counted_twice_shows_as_less_than_nothing(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path).take(posted(1, 5), posted(2, 3, offset=1))
    desk.take(*shown(frame_bytes(0, 11, seq=1, total=11)))

    assert desk.room().sum.difference == -3
    assert desk.room().is_wrong


def test_a_minute_is_not_judged_before_a_minute_has_passed(tmp_path: Path) -> None:
    desk = Desk(tmp_path).take(posted(1, 5))

    early = desk.room(as_of_ms=at(119.9))
    assert (early.minutes[0].is_settled, early.is_wrong) == (False, False)

    late = desk.room(as_of_ms=at(120))
    assert (late.minutes[0].is_settled, late.is_wrong) == (True, True)


def test_a_repeat_is_taken_off_wherever_the_stream_counted_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.take(posted(50, 5, "b1"), posted(65, 5, "b1", partition=1))
    desk.take(*shown(frame_bytes(64, 5, seq=1, total=5)))

    found = desk.room(as_of_ms=at(130))

    assert [line.difference for line in found.minutes] == [-5, 5]
    assert not found.is_wrong
    assert not desk.room().is_wrong


def test_what_may_move_excuses_no_more_than_itself(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.take(posted(50, 5, "b1"), posted(65, 5, "b1", partition=1))
    desk.take(*shown(frame_bytes(64, 6, seq=1, total=6)))

    assert desk.room().is_wrong


def test_an_overdue_copy_may_be_counted_or_not(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.take(posted(1, 5, "b1"), posted(70, 5, "b1", offset=1))
    desk.take(*shown(frame_bytes(0, 5, seq=1, total=5)))

    found = desk.room()

    assert (found.sum.overdue, found.sum.repeated, found.sum.difference) == (5, 0, 5)
    assert not found.is_wrong


def test_a_record_without_an_id_repeats_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path).take(posted(1, 5), posted(2, 5, offset=1))

    assert desk.room().sum.repeated == 0


def test_the_same_id_in_two_rooms_is_two_batches(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.take(posted(1, 5, "b1"), posted(2, 5, "b1", room="other", offset=1))

    assert desk.room("other").sum.repeated == 0


def test_what_cannot_be_read_uses_up_no_id(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.take(posted(1, 0, "b1", raw=b"[7]"), posted(2, 5, "b1", offset=1))

    sums = desk.room().sum

    assert (sums.stored, sums.unreadable, sums.repeated) == (6, 1, 0)


def test_a_record_behind_its_partition_is_late(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.take(posted(100, 2), posted(40, 3, offset=1), posted(39.9, 5, offset=2))
    desk.take(posted(1, 7, partition=1))

    assert desk.room().sum.late == 5


def test_a_total_that_does_not_fit_its_windows_is_wrong(tmp_path: Path) -> None:
    desk = Desk(tmp_path).take(posted(1, 5))
    desk.take(*shown(frame_bytes(0, 5, seq=1, total=4)))

    found = desk.room()

    assert (found.sum.difference, found.is_wrong) == (0, True)
    assert found.total_difference == desk.overview().rooms[0].total_difference == -1
    assert desk.overview().rooms_wrong == 1


def test_books_that_begin_later_take_over_the_total_of_before(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.books.begin(START_MS + MINUTE_MS)
    desk.take(posted(58, 5), posted(61, 7, offset=1))
    old, new = (
        frame_bytes(58, 5, seq=1, total=905),
        frame_bytes(60, 7, seq=2, total=912, run=61_000),
    )
    desk.take(*shown(old, new))

    found = desk.room()

    assert [line.stored for line in found.minutes] == [7]
    assert (found.sum.counted, found.total, found.total_before) == (7, 912, 900)
    assert not found.is_wrong


def test_what_moved_over_the_beginning_is_excused_for_ever(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.books.begin(START_MS + MINUTE_MS)
    desk.take(posted(58, 5, "b1"), posted(61, 5, "b1", offset=1))
    desk.take(*shown(frame_bytes(60, 5, seq=1, total=5)))

    found = desk.room()
    assert (found.sum.difference, found.is_wrong) == (-5, False)

    much_later = desk.room(as_of_ms=at(0) + 30 * HOUR_MS)
    assert (much_later.sum.difference, much_later.is_wrong) == (-5, False)


def test_minutes_of_yesterday_are_in_the_sum(tmp_path: Path) -> None:
    desk = Desk(tmp_path).take(posted(1, 5), posted(70, 3, offset=1))
    desk.take(said(2, 0, 0, final={"posts": 2, "received": 6, "rejected": {"x": 1}}))
    before = desk.room()

    after = desk.room(as_of_ms=at(60) + 24 * HOUR_MS)

    assert [line.minute_ms for line in after.minutes] == [START_MS + MINUTE_MS]
    assert after.sum == before.sum


def test_a_gap_begins_the_books_anew(tmp_path: Path) -> None:
    desk = Desk(tmp_path).take(posted(1, 5))
    desk.books.skip("reactions", 0, 40, now_ms=at(200))
    desk.books.begin(START_MS + 4 * MINUTE_MS)
    desk.take(posted(199, 3, offset=39), posted(241, 2, offset=40))

    found = desk.room()

    assert found.since_ms == START_MS + 4 * MINUTE_MS
    assert [line.stored for line in found.minutes] == [2]
    (gap,) = desk.overview().gaps
    assert (gap.topic, gap.first, gap.next) == ("reactions", 1, 40)


def test_a_record_that_was_read_changes_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path).take(posted(1, 5), posted(2, 3, offset=1))
    desk.take(posted(1, 5), posted(2, 3, offset=1))

    assert desk.room().sum.stored == 8


def test_where_books_begin_anew_nothing_of_before_is_in_them(tmp_path: Path) -> None:
    desk = Desk(tmp_path).take(posted(1, 5), said(2, 0, 0, final={"posts": 1}))
    desk.commit(at(30 * 3600))  # put together with all that is old
    since_ms = START_MS + 31 * HOUR_MS
    desk.take(posted(31 * 3600 - 1, 7, offset=1)).commit(since_ms)
    refused = {"posts": 1, "refused": {"bad_json": 1}}
    desk.books.begin(since_ms)
    desk.take(said(31 * 3600 - 1, 1, 1, final=refused))
    desk.take(posted(31 * 3600 + 1, 2, offset=2))
    desk.take(framed(frame_bytes(31 * 3600, 2, seq=1, run=32 * HOUR_MS, total=2), 0))

    found = desk.room(as_of_ms=since_ms + HOUR_MS)

    assert (found.sum.stored, found.sum.posts, found.sum.refused) == (2, 0, {})
    assert not found.is_wrong


def test_a_worker_that_spoke_before_the_books_began_lacks_nothing(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path)
    desk.books.begin(START_MS + MINUTE_MS)
    desk.take(said(50, 7, 0), said(55, 8, 1), said(61, 9, 2, final={"posts": 1}))

    assert desk.room().sum.is_exact


def test_a_batch_is_known_for_a_quarter_of_an_hour(tmp_path: Path) -> None:
    desk = Desk(tmp_path).take(posted(1, 5, "b1")).commit(at(900))
    desk.take(posted(901, 5, "b1", offset=1))

    assert desk.room().sum.overdue == 5


def test_after_a_gap_totals_are_taken_as_they_are_met(tmp_path: Path) -> None:
    desk = Desk(tmp_path).take(posted(1, 5))
    desk.take(*shown(frame_bytes(0, 5, seq=1, total=5)))
    desk.books.complete()
    desk.books.skip("frames", 0, 40, now_ms=at(200))
    desk.books.begin(START_MS + 4 * MINUTE_MS)
    desk.take(posted(241, 2, offset=1))
    desk.take(framed(frame_bytes(240, 2, seq=9, total=99, run=300_000), 40))

    found = desk.room()

    assert (found.total, found.total_before, found.is_wrong) == (99, 92, False)


def test_what_ingest_says_is_added_up(tmp_path: Path) -> None:
    done = {"posts": 2, "received": 9, "accepted": 5, "rejected": {"bad_emoji": 4}}
    refused = {"posts": 1, "refused": {"bad_json": 1}}
    desk = Desk(tmp_path)
    desk.take(said(1, 0, 0, final=done), said(2, 1, 1, final=refused))
    desk.take(said(2, 1, 2, final=refused))

    line = desk.room().sum

    assert (line.posts, line.received, line.accepted) == (3, 9, 5)
    assert (line.rejected, line.refused) == ({"bad_emoji": 4}, {"bad_json": 1})
    assert line.is_exact


def test_what_ingest_refused_to_no_room_is_under_none(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    word = {"v": 1, "worker": "w", "seq": 0, "closed": False}
    rooms = {
        "UP": {"posts": 2, "refused": {"bad_room": 2}},
        "-": {"posts": 1, "refused": {"bad_room": 1}},
    }
    raw = msgspec.json.encode({**word, "rooms": rooms})
    desk.take(Record("intake", 0, 0, at(1), b"w", raw))

    assert desk.room("-").sum.refused == {"bad_room": 3}


def test_a_worker_that_is_gone_makes_its_minute_inexact(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.take(said(1, 0, 0, final={"posts": 1}), said(100, 1, 1, final={"posts": 1}))
    desk.books.commit(at(120), at(120))

    found = desk.room()

    assert [line.is_exact for line in found.minutes] == [False, True]
    assert (found.sum.is_exact, found.workers_lost) == (False, 1)


def test_what_a_broker_shows_is_published(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.books.show(frame_bytes(0, 5, seq=1))
    desk.books.show(frame_bytes(0, 9, seq=3))
    desk.books.show(frame_bytes(0, 7, seq=2))
    desk.books.show(b"nonsense")

    assert desk.room().sum.published == 9


def test_of_a_batch_repeated_without_end_few_copies_are_kept(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    repeats = [posted(n / 10, 1, "b1", offset=n) for n in range(2000)]

    desk.take(*repeats).commit(at(200))

    assert desk.copies() < 100

    # Of each 60 s the first may count; all others repeat it.
    sums = desk.room().sum
    assert (sums.stored, sums.overdue, sums.repeated) == (2000, 3, 1996)


def test_a_retained_frame_that_comes_again_counts_once(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.books.show(frame_bytes(0, 5, seq=1))
    desk.commit(LONG_AFTER_MS)
    desk.books.show(frame_bytes(0, 5, seq=1))

    assert desk.room().sum.published == 5


def test_a_new_epoch_shows_the_newest_trigger_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.books.show(frame_bytes(0, 5, seq=1))
    desk.books.show(frame_bytes(0, 9, seq=3))
    desk.cut_off_after_commit()
    desk.books.show(frame_bytes(0, 6, seq=0, epoch=SECOND))

    assert desk.room().sum.published == 11


def test_frames_of_a_cut_epoch_are_taken_back_after_a_restart(tmp_path: Path) -> None:
    desk = Desk(tmp_path).take(posted(1, 9))
    old = [frame_bytes(0, 5, seq=1, total=5), frame_bytes(0, 9, seq=2, total=9)]
    desk.take(*shown(*old))
    desk.cut_off_after_commit()
    new = frame_bytes(0, 4, seq=0, epoch=SECOND, total=9)
    desk.take(framed(new, 2))

    found = desk.room()

    assert (found.sum.counted, found.is_wrong) == (9, False)
    assert FIRST < SECOND


records = st.lists(
    st.builds(
        posted,
        second=st.integers(0, 300),
        reactions=st.integers(1, 5),
        batch=st.sampled_from([None, "b1", "b2", "b3"]),
        room=st.sampled_from(["final", "other"]),
        partition=st.integers(0, 1),
    ),
    min_size=1,
    max_size=20,
)


def lines_of(desk: Desk) -> list[tuple[str, list[Line]]]:
    desk.commit()
    reader = Reader(desk.path)
    return [
        (room, [ledger.sum, *ledger.minutes])
        for room in ("final", "other")
        if (ledger := reader.room(room, 1440))
    ]


@given(records, st.randoms(use_true_random=False), st.integers(0, 5))
def test_neither_the_order_of_partitions_nor_kills_change_the_books(
    log: list[Record], chance: random.Random, kills: int
) -> None:
    in_order = numbered(log)
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        expected = lines_of(Desk(Path(one)).take(*in_order))
        desk = Desk(Path(other))
        while True:
            left = [
                [r for r in in_order if r.partition == number][
                    desk.books.next_of("reactions", number) or 0 :
                ]
                for number in (0, 1)
            ]
            if not any(left):
                break
            part = chance.choice([records for records in left if records])
            desk.take(*part[: chance.randint(1, len(part))])
            if chance.random() < 0.5:
                desk.commit(at(0))
            elif kills:
                kills -= 1
                desk.cut_off()

        assert lines_of(desk) == expected
