import logging
import threading

import pytest
from confluent_kafka import KafkaError, KafkaException

from ingest.kafka_log import Record
from ingest.refusal import NotStored
from ingest.state_log import CHANGES_MAX, StateLog
from tests.hosting import (
    APPENDED_MS,
    UNREADABLE,
    StateRecords,
    entry,
    state_log,
    state_record,
)

WAITED_FOR_S = 600
"""It is there at once; who is not woken up would look again only then."""


def test_the_last_change_in_the_log_stands_and_its_place_is_its_version() -> None:
    records = StateRecords()
    for is_open in (True, False):
        records.append("final", entry(is_open=is_open))
    known = state_log(records).state("final")

    assert (known.open, known.version) == (False, 2)
    assert known.changed_ms == APPENDED_MS + 1


def test_a_change_of_a_compacted_log_keeps_its_version() -> None:
    records = StateRecords(state_record("final", entry(), 41))

    assert state_log(records).state("final").version == 42


def test_a_room_without_a_state_restricts_nothing() -> None:
    records = StateRecords()
    records.append("semi", entry(is_open=False))
    log = state_log(records)

    assert log.restriction("final") is None
    assert log.state("final").version == 0
    assert log.changes("final") == []


def test_a_room_that_takes_everything_again_restricts_nothing() -> None:
    records = StateRecords()
    records.append("final", entry(is_open=False))
    log = state_log(records)
    closed = log.restriction("final")
    records.append("final", entry())
    log.step(0)

    assert closed is not None
    assert log.restriction("final") is None
    assert log.state("final").version == 2


def test_until_all_is_read_nobody_is_told_that_a_room_is_open() -> None:
    records = StateRecords(caught_up=False)
    log = state_log(records)
    with pytest.raises(NotStored):
        log.restriction("final")
    assert log.problem()

    records.caught_up = True
    log.step(0)

    assert log.restriction("final") is None
    assert log.problem() is None


def test_what_is_known_holds_while_kafka_is_away() -> None:
    records = StateRecords()
    records.append("final", entry(is_open=False))
    log = state_log(records)
    records.is_away, records.caught_up = True, False
    log.step(0)

    assert log.restriction("final") is not None
    assert log.problem() is None


def test_a_room_that_was_taken_out_is_as_if_never_touched() -> None:
    records = StateRecords()
    records.append("final", entry(is_open=False))
    records.append("final", None)
    log = state_log(records)

    assert log.restriction("final") is None
    assert log.state("final").version == 0
    assert log.changes("final") == []
    assert log.known() == {"final": None}


def test_the_last_changes_are_told_newest_first() -> None:
    records = StateRecords()
    for number in range(CHANGES_MAX + 9):
        records.append("final", entry(by=f"host {number}"))
    changes = state_log(records).changes("final")

    assert len(changes) == CHANGES_MAX
    assert changes[0].by == f"host {CHANGES_MAX + 8}"
    assert [one.version for one in changes] == sorted(
        (one.version for one in changes), reverse=True
    )


@pytest.mark.parametrize(
    "garbage",
    [
        Record(b"final", b"garbage" * 999, 0, 7, 0),
        Record(b"Final!", entry(is_open=False), 0, 7, 0),
        Record(b"\xff", entry(is_open=False), 0, 7, 0),
        Record(None, entry(is_open=False), 0, 7, 0),
    ],
)
def test_garbage_is_passed_over_with_one_short_line(
    garbage: Record, caplog: pytest.LogCaptureFixture
) -> None:
    before = UNREADABLE._value.get()  # noqa: SLF001 - it has no other way to be read
    later = state_record("final", entry(is_open=False), 8)
    log = state_log(StateRecords(state_record("final", entry(), 6), garbage, later))

    assert log.state("final").version == 9
    assert caplog.messages == ["passed over state offset=7"]
    assert UNREADABLE._value.get() == before + 1  # noqa: SLF001


def test_who_waits_for_a_record_goes_on_when_it_is_read() -> None:
    records = StateRecords()
    log = StateLog(records, UNREADABLE)
    log.start()
    assert log.wait_read(WAITED_FOR_S)
    offset = records.append("final", entry())

    assert log.wait_past(offset, WAITED_FOR_S)
    assert log.state("final").version == offset + 1
    assert not log.wait_past(offset + 1, 0)
    log.close()


class EndedRecords(StateRecords):
    """Is refused for good."""

    def poll(self, timeout_s: float) -> list[Record]:
        del timeout_s
        raise KafkaException(KafkaError(KafkaError._FATAL))  # noqa: SLF001 - so named


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_process_that_reads_no_more_ends(caplog: pytest.LogCaptureFixture) -> None:
    ended = threading.Event()
    log = StateLog(EndedRecords(), UNREADABLE, end_process=ended.set)
    log.start()

    assert ended.wait(30)
    log.close()  # its thread has an exception yet to tell
    assert [line.levelno for line in caplog.records] == [logging.CRITICAL]


def test_a_process_that_ends_by_itself_is_not_ended(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ended = threading.Event()
    log = StateLog(StateRecords(), UNREADABLE, end_process=ended.set)
    log.start()
    log.close()

    assert not ended.is_set()
    assert caplog.records == []
