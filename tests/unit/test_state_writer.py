import pytest
from confluent_kafka import KafkaError, KafkaException

from ingest.refusal import Refusal, Refused
from ingest.room_state import RoomState, Wish
from tests.hosting import Stage, entry

CLOSED = Wish(open=False, emoji=None, muted=())


def write(stage: Stage, wish: Wish = CLOSED, by: str = "Anna") -> RoomState:
    return stage.writer.write("final", wish, by, lambda _: True)


def refusal(stage: Stage) -> Refusal:
    with pytest.raises(Refused) as caught:
        write(stage)
    assert isinstance(caught.value.refusal, Refusal)
    assert caught.value.help.startswith("The change")
    return caught.value.refusal


def test_what_is_written_is_what_this_process_goes_by_then() -> None:
    stage = Stage()
    written = write(stage)

    assert (written.open, written.version) == (False, 1)
    assert stage.states.restriction("final") == written
    assert [change.by for change in stage.states.changes("final")] == ["Anna"]


def test_of_two_at_once_the_later_in_the_log_stands_and_both_are_in_it() -> None:
    stage = Stage()

    def other_comes_first(_: RoomState) -> bool:
        stage.records.append("final", entry(muted=["🎉"], by="Ben"))
        return True

    written = stage.writer.write("final", CLOSED, "Anna", other_comes_first)

    assert (written.open, written.muted) == (False, ())
    assert [change.by for change in stage.states.changes("final")] == ["Anna", "Ben"]


def test_what_the_host_has_not_seen_is_not_changed() -> None:
    stage = Stage()
    stage.put("final", entry())
    with pytest.raises(Refused) as caught:
        stage.writer.write("final", CLOSED, "Anna", lambda now: now.version == 0)

    assert caught.value.refusal is Refusal.STATE_CHANGED
    assert stage.states.state("final").version == 1


def test_nothing_is_stored_before_it_is_known_what_rooms_take() -> None:
    assert refusal(Stage(is_read=False)) is Refusal.NOT_STORED


def test_nothing_is_handed_over_while_kafka_is_away() -> None:
    stage = Stage()
    stage.records.is_away = True
    stage.producer.raises = AssertionError("it was handed over")

    assert refusal(stage) is Refusal.NOT_STORED


@pytest.mark.parametrize("problem", [BufferError(), KafkaException()])
def test_what_the_producer_does_not_take_is_not_stored(problem: Exception) -> None:
    stage = Stage()
    stage.producer.raises = problem

    assert refusal(stage) is Refusal.NOT_STORED


def test_what_kafka_did_not_acknowledge_is_unknown() -> None:
    stage = Stage()
    stage.producer.error = KafkaError(KafkaError._MSG_TIMED_OUT)  # noqa: SLF001

    assert refusal(stage) is Refusal.UNKNOWN


def test_what_is_not_reported_in_time_is_unknown() -> None:
    stage = Stage()
    stage.producer.reports = False

    assert refusal(stage) is Refusal.UNKNOWN


def test_what_is_stored_and_not_read_in_time_is_unknown() -> None:
    """Another worker may refuse by it, and this one not yet."""
    stage = Stage()
    stage.states.reads = False

    assert refusal(stage) is Refusal.UNKNOWN
