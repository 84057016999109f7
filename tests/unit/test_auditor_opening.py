"""Where the books begin, over logs that a test describes."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from stream.auditor.books import Books
from stream.auditor.ledger import MINUTE_MS
from stream.auditor.opening import FILE, open_books
from stream.auditor.reader import Reader
from stream.auditor.source import Kind, Place, Record
from tests.auditing import RULES, value

REACTIONS, FRAMES, INTAKE = (Kind.REACTIONS, 0), (Kind.FRAMES, 0), (Kind.INTAKE, 0)


@dataclass
class FakeLogs:
    """Three logs of a partition each: where they begin, end, and how old they are."""

    start: dict[Place, int] = field(
        default_factory=lambda: {REACTIONS: 0, FRAMES: 0, INTAKE: 0}
    )
    end: dict[Place, int] = field(
        default_factory=lambda: {REACTIONS: 50, FRAMES: 50, INTAKE: 50}
    )
    recent: dict[Place, int] = field(
        default_factory=lambda: {REACTIONS: 0, FRAMES: 0, INTAKE: 0}
    )
    """The first records that are younger than an hour."""
    made: int = 1

    def ids(self) -> dict[str, str]:
        return {kind: f"{kind}-{self.made}" for kind, _ in self.start}

    def starts(self) -> dict[Place, int]:
        return self.start

    def ends(self) -> dict[Place, int]:
        return self.end

    def offsets_at(self, time_ms: int) -> dict[Place, int]:
        assert now_ms() - time_ms < 61 * MINUTE_MS
        return self.recent


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def nexts(books: Books) -> list[int | None]:
    return [books.next_of(*place) for place in (REACTIONS, FRAMES, INTAKE)]


def reactions(offset: int) -> Record:
    at_ms = now_ms()
    return Record(Kind.REACTIONS, 0, offset, at_ms, b"final", value(5))


def test_books_begin_with_logs_that_are_whole(tmp_path: Path) -> None:
    books = open_books(tmp_path, FakeLogs(), RULES)

    assert (books.since_ms, nexts(books)) == (0, [0, 0, 0])


def test_where_frames_may_be_gone_books_begin_with_the_next_minute(
    tmp_path: Path,
) -> None:
    logs = FakeLogs(recent={REACTIONS: 7, FRAMES: 8, INTAKE: 9})

    books = open_books(tmp_path, logs, RULES)

    assert 0 < books.since_ms - now_ms() <= MINUTE_MS
    assert books.since_ms % MINUTE_MS == 0
    assert nexts(books) == [7, 8, 9]


def test_where_reactions_are_gone_books_begin_with_the_next_minute(
    tmp_path: Path,
) -> None:
    logs = FakeLogs(
        start={REACTIONS: 3, FRAMES: 0, INTAKE: 0},
        recent={REACTIONS: 3, FRAMES: 0, INTAKE: 0},
    )

    books = open_books(tmp_path, logs, RULES)

    assert books.since_ms > now_ms()
    assert nexts(books) == [3, 0, 0]


def opened_again(folder: Path, logs: FakeLogs) -> Books:
    """Open the books, note a record, and open them once more over other logs."""
    first = open_books(folder, FakeLogs(), RULES)
    for offset in range(10):
        first.take(reactions(offset))
    first.stand_at(*FRAMES, 20)
    first.commit(first.as_of_ms, 0)
    first.close()
    return open_books(folder, logs, RULES)


def test_books_go_on_where_they_were(tmp_path: Path) -> None:
    books = opened_again(tmp_path, FakeLogs())

    assert (books.since_ms, nexts(books)) == (0, [10, 20, 0])
    assert Reader(tmp_path / FILE).overview().gaps == []


def test_what_retention_took_unread_is_said_and_begins_the_books_anew(
    tmp_path: Path,
) -> None:
    books = opened_again(
        tmp_path, FakeLogs(start={REACTIONS: 30, FRAMES: 0, INTAKE: 0})
    )

    assert books.since_ms > now_ms() + RULES.dedupe_ms
    assert nexts(books) == [30, 20, 0]
    overview = Reader(tmp_path / FILE).overview()
    (gap,) = overview.gaps
    assert (gap.topic, gap.first, gap.next) == (Kind.REACTIONS, 10, 30)
    assert overview.rooms == []


def test_frames_that_waited_for_an_hour_may_be_gone(tmp_path: Path) -> None:
    logs = FakeLogs(recent={REACTIONS: 0, FRAMES: 25, INTAKE: 0})

    books = opened_again(tmp_path, logs)

    assert nexts(books) == [10, 25, 0]
    (gap,) = Reader(tmp_path / FILE).overview().gaps
    assert (gap.topic, gap.first, gap.next) == (Kind.FRAMES, 20, 25)


def test_a_log_that_ends_before_where_it_was_read_to_is_a_gap(tmp_path: Path) -> None:
    books = opened_again(tmp_path, FakeLogs(end={REACTIONS: 4, FRAMES: 50, INTAKE: 0}))

    assert nexts(books) == [4, 20, 0]
    assert len(Reader(tmp_path / FILE).overview().gaps) == 1


def test_a_partition_that_was_added_is_read_from_its_beginning(tmp_path: Path) -> None:
    more = FakeLogs()
    for offsets in (more.start, more.recent):
        offsets[Kind.REACTIONS, 1] = 0
    more.end[Kind.REACTIONS, 1] = 5

    books = opened_again(tmp_path, more)

    assert (books.since_ms, books.next_of(Kind.REACTIONS, 1)) == (0, 0)


def test_topics_made_anew_get_new_books_and_the_old_are_kept(tmp_path: Path) -> None:
    books = opened_again(tmp_path, FakeLogs(made=2))

    assert nexts(books) == [0, 0, 0]
    assert books.since_ms > now_ms()  # what frames show may be of the old topic
    (aside,) = tmp_path.glob("books.*.sqlite")
    assert Reader(aside).room("final", 60) is not None
