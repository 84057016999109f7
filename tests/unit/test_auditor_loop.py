"""The auditor's loop over logs and books that a test plays."""

from dataclasses import dataclass, field

from stream.auditor.auditor import Auditor
from stream.auditor.source import Away, Kind, Look, Place, Record
from tests.auditing import posted

REACTIONS, FRAMES, INTAKE = (Kind.REACTIONS, 0), (Kind.FRAMES, 0), (Kind.INTAKE, 0)
PLACES = (REACTIONS, FRAMES, INTAKE)


@dataclass
class FakeLogs:
    """Logs of which a test says how far they were polled."""

    waiting: list[Record] = field(default_factory=list)
    end: dict[Place, int] = field(default_factory=lambda: dict.fromkeys(PLACES, 3))
    position: dict[Place, int] = field(default_factory=lambda: dict.fromkeys(PLACES, 3))
    looks: list[Look | None] = field(default_factory=list)

    def ends(self) -> dict[Place, int]:
        return {**self.end}

    def poll(self, timeout_s: float) -> list[Record]:
        del timeout_s
        records, self.waiting = self.waiting, []
        return records

    def look(self) -> Look:
        look = self.looks.pop(0)
        if look is None:
            raise Away
        return look

    def positions(self) -> dict[Place, int]:
        return {**self.position}


@dataclass
class FakeBooks:
    """Remembers what it is told."""

    as_of_ms: int = 1000
    told: list[object] = field(default_factory=list)

    def take(self, record: Record) -> None:
        self.told.append(("take", record.offset))

    def show(self, payload: bytes) -> None:
        self.told.append(("show", payload))

    def complete(self) -> None:
        self.told.append("complete")

    def stand_at(self, kind: str, partition: int, offset: int) -> None:
        del kind, partition, offset

    def commit(self, as_of_ms: int, intake_ms: int) -> None:
        self.told.append(("commit", as_of_ms, intake_ms))


def look(
    reactions: int, frames: int, intake: int, *behind: Place, asked_ms: int = 0
) -> Look:
    through_ms = {REACTIONS: reactions, FRAMES: frames, INTAKE: intake}
    return Look(asked_ms, through_ms, {*behind})


def test_the_books_are_as_of_the_log_that_was_read_least() -> None:
    books = FakeBooks()

    Auditor(FakeLogs(looks=[look(3000, 2000, 50_000, FRAMES)]), books, list).commit()

    assert books.told == [("commit", 2000, 50_000)]


def test_no_frame_is_missing_where_none_waits() -> None:
    books = FakeBooks()

    Auditor(FakeLogs(looks=[look(2000, 3000, 4000, REACTIONS)]), books, list).commit()

    assert books.told == ["complete", ("commit", 2000, 0)]


def test_what_was_read_through_stays_so_when_new_records_wait() -> None:
    logs, books = FakeLogs(), FakeBooks()
    logs.looks = [look(90_000, 90_000, 90_000), look(4000, 95_000, 95_000)]
    auditor = Auditor(logs, books, list)

    auditor.commit()
    auditor.commit()

    assert books.told[-1] == ("commit", 90_000, 95_000)


def test_while_kafka_is_away_the_books_stay_where_they_are() -> None:
    books = FakeBooks()

    Auditor(FakeLogs(looks=[None]), books, lambda: [b"frame"]).commit()

    assert books.told == [("show", b"frame"), ("commit", 1000, 0)]


def test_when_kafka_is_back_each_worker_has_time_to_say_what_it_could_not() -> None:
    back_ms = 900_000
    moments = (back_ms, back_ms + 10_000, back_ms + 10_001)
    back = [look(ms, ms, ms, asked_ms=ms) for ms in moments]
    books = FakeBooks()
    logs = FakeLogs(looks=[look(20_000, 20_000, 20_000), None, *back])
    auditor = Auditor(logs, books, list)

    for _ in range(5):
        auditor.commit()

    commits = [told for told in books.told if told != "complete"]
    assert commits == [
        ("commit", 20_000, 20_000),
        ("commit", 20_000, 0),
        ("commit", back_ms, 0),
        ("commit", back_ms + 10_000, 0),
        ("commit", back_ms + 10_001, back_ms + 10_001),
    ]


def test_it_has_caught_up_when_all_that_lay_there_at_the_start_is_written_down() -> (
    None
):
    logs = FakeLogs(looks=[look(1, 1, 1), look(1, 1, 1)])
    logs.position[FRAMES] = 2
    auditor = Auditor(logs, FakeBooks(), list)

    auditor.commit()
    assert not auditor.is_caught_up

    logs.position[FRAMES] = 4
    auditor.commit()
    assert auditor.is_caught_up


def test_each_record_is_taken_in_the_order_of_the_log() -> None:
    logs = FakeLogs(waiting=[posted(1, offset=4), posted(2, offset=5)])
    books = FakeBooks()

    Auditor(logs, books, list).step(0)

    assert books.told == [("take", 4), ("take", 5)]
