import logging
from collections.abc import Sequence

import pytest

from bridge.relay import MainLost, Message, Relay
from ingest.kafka_log import Record
from stream.frame import Frame, Pulse
from tests.fakes import InMemoryLog
from tests.frames import frame, pulse_record, record
from tests.hosting import Stage, entry

NOW_MS = 1_000_000


class RecordingMain:
    """Takes everything, while it is there."""

    def __init__(self) -> None:
        self.published: list[Message] = []
        self.connects = 0
        self.away = False

    def connect(self) -> None:
        self._check()
        self.connects += 1

    def serve(self) -> None:
        self._check()

    def publish(self, messages: Sequence[Message]) -> None:
        self._check()
        self.published += messages

    def _check(self) -> None:
        if self.away:
            raise MainLost("away")


class DiesWhilePublishing(RecordingMain):
    """Acknowledges nothing that comes after its first connect."""

    def publish(self, messages: Sequence[Message]) -> None:
        if self.connects == 1:
            raise MainLost("died")
        super().publish(messages)


def relay(log: InMemoryLog, main: RecordingMain, stage: Stage | None = None) -> Relay:
    states = (stage or Stage()).states
    return Relay(log, states, main, now_ms=lambda: NOW_MS)


def steps(log: InMemoryLog, main: RecordingMain, number: int) -> Relay:
    running = relay(log, main)
    for _ in range(number):
        running.step(0)
    return running


def published(*frames: Frame) -> list[Message]:
    return [
        Message(f"rooms/{one.room}/frame", one.encode(), retained=True)
        for one in frames
    ]


def pulse(sent_ms: int) -> Record:
    return pulse_record(Pulse(v=1, epoch="e", sent_ms=sent_ms).encode())


def test_what_was_read_back_is_published_as_the_newest_of_each_room() -> None:
    old, new, other = frame("a", 1, 1), frame("a", 2, 2), frame("b", 1, 1)
    log = InMemoryLog([record(new), record(old)], [record(other)], read_back=2)
    main = RecordingMain()

    steps(log, main, 2)

    assert main.published == published(new, other)
    assert log.committed == log.polled


def test_nothing_is_published_before_everything_is_read_back() -> None:
    log = InMemoryLog([record(frame("a", 1, 1))], [], read_back=2)
    main = RecordingMain()

    steps(log, main, 1)

    assert main.connects == 0
    assert log.committed == []


def test_a_poll_is_committed_once_main_has_all_of_it() -> None:
    first, second = frame("a", 1, 1), frame("a", 2, 1)
    log = InMemoryLog([record(first)], [record(second)])
    main = RecordingMain()

    steps(log, main, 2)

    assert main.published == published(first, second)
    assert log.committed == [record(first), record(second)]


def test_what_main_never_acknowledged_is_not_committed() -> None:
    log = InMemoryLog([record(frame("a", 1, 1))])
    main = DiesWhilePublishing()

    steps(log, main, 1)

    assert log.committed == []


def test_every_room_is_published_again_on_a_new_connection() -> None:
    quiet, busy, newer = frame("quiet", 1, 1), frame("a", 1, 1), frame("a", 2, 2)
    log = InMemoryLog([record(quiet), record(busy)], [record(newer)])
    main = RecordingMain()
    running = steps(log, main, 1)
    main.published.clear()

    main.away = True
    running.step(0)
    assert log.committed == [record(quiet), record(busy)]

    main.away = False
    step_until_connected(running, main, connects=2)
    assert main.published == published(quiet, newer)
    assert log.committed == log.polled


def test_while_main_is_away_the_log_is_read_on() -> None:
    newest = frame("a", 9, 9)
    log = InMemoryLog([record(frame("a", 1, 1))], [record(newest)], read_back=1)
    main = RecordingMain()
    main.away = True
    running = steps(log, main, 3)

    main.away = False
    step_until_connected(running, main, connects=1)

    assert main.published == published(newest)


def step_until_connected(running: Relay, main: RecordingMain, connects: int) -> None:
    while main.connects < connects:
        running.step(0)


def test_an_outage_of_main_is_said_once_and_so_is_its_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    main = RecordingMain()
    running = steps(InMemoryLog(), main, 1)
    caplog.clear()

    main.away = True
    for _ in range(1000):
        running.step(0)
    main.away = False
    step_until_connected(running, main, connects=2)

    lines = [line.message for line in caplog.records]
    assert [line.partition(" after_s")[0] for line in lines] == [
        "no main reason='away'",
        "reached main",
    ]


def test_a_record_that_cannot_be_read_is_told_with_its_place_and_passed_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    good = frame("a", 1, 1)
    log = InMemoryLog([Record(b"a", b"poison", 3, 41, 0), record(good, 42)])
    main = RecordingMain()

    steps(log, main, 1)

    assert main.published == published(good)
    assert log.committed == log.polled
    assert "partition=3 offset=41 reason=bad_frame" in caplog.text
    assert "poison" not in caplog.text


def test_a_fresh_pulse_is_forwarded_and_expires() -> None:
    fresh = pulse(NOW_MS - 1000)
    main = RecordingMain()

    steps(InMemoryLog([], [pulse(NOW_MS - 3000), fresh]), main, 2)

    assert fresh.value is not None
    assert main.published == [
        Message("control/pulse", fresh.value, retained=False, expiry_s=6)
    ]


def test_an_old_pulse_is_not_forwarded() -> None:
    main = RecordingMain()

    steps(InMemoryLog([], [pulse(NOW_MS - 7000)]), main, 2)

    assert main.published == []


def test_a_pulse_that_was_read_back_is_not_forwarded() -> None:
    main = RecordingMain()

    steps(InMemoryLog([pulse(NOW_MS)], read_back=1), main, 2)

    assert main.published == []


def test_a_removed_room_is_taken_back_from_main() -> None:
    log = InMemoryLog([record(frame("a", 1, 1))], [Record(b"a", None, 0, 1, 0)])
    main = RecordingMain()

    steps(log, main, 2)

    assert main.published[-1] == Message("rooms/a/frame", b"", retained=True)


def test_a_removal_that_main_missed_is_told_on_the_next_connection() -> None:
    log = InMemoryLog([record(frame("a", 1, 1))], [Record(b"a", None, 0, 1, 0)])
    main = RecordingMain()
    running = steps(log, main, 1)
    main.away = True
    running.step(0)
    main.away = False
    main.published.clear()

    step_until_connected(running, main, connects=2)

    assert main.published == [Message("rooms/a/frame", b"", retained=True)]


def state_message(stage: Stage, room: str) -> Message:
    payload = stage.states.state(room).encode()
    return Message(f"rooms/{room}/state", payload, retained=True)


def test_a_rooms_state_is_published_once_and_without_its_host() -> None:
    stage, main = Stage(), RecordingMain()
    running = relay(InMemoryLog(), main, stage)
    running.step(0)
    stage.put("final", entry(is_open=False, by="Anna"))
    for _ in range(3):
        running.step(0)

    assert main.published == [state_message(stage, "final")]
    assert b'"open":false' in main.published[0].payload
    assert b"Anna" not in main.published[0].payload


def test_only_the_states_that_changed_are_published() -> None:
    stage, main = Stage(), RecordingMain()
    stage.put("a", entry())
    running = relay(InMemoryLog(), main, stage)
    running.step(0)
    main.published.clear()
    stage.put("b", entry())
    stage.put("c", entry(is_open=False))
    running.step(0)

    assert main.published == [state_message(stage, "b"), state_message(stage, "c")]


def test_a_state_travels_behind_the_frames_of_its_poll() -> None:
    stage, main, newest = Stage(), RecordingMain(), frame("final", 1, 1)
    log = InMemoryLog()
    running = relay(log, main, stage)
    running.step(0)
    stage.put("final", entry())
    log.append(record(newest))
    running.step(0)

    assert main.published == [*published(newest), state_message(stage, "final")]


def test_every_state_is_published_again_on_a_new_connection() -> None:
    stage, main = Stage(), RecordingMain()
    stage.put("a", entry())
    stage.put("b", entry(muted=["🎉"]))
    running = relay(InMemoryLog(), main, stage)
    running.step(0)
    main.away = True
    running.step(0)
    main.away = False
    main.published.clear()
    step_until_connected(running, main, connects=2)

    assert main.published == [state_message(stage, "a"), state_message(stage, "b")]


def test_frames_travel_while_states_are_still_being_read() -> None:
    stage, main, newest = Stage(is_read=False), RecordingMain(), frame("a", 1, 1)
    stage.put("a", entry(is_open=False))
    stage.put("a", entry())
    running = relay(InMemoryLog([record(newest)]), main, stage)
    running.step(0)
    before = [*main.published]
    stage.records.caught_up = True
    stage.states.step(0)
    running.step(0)

    assert before == published(newest)
    assert main.published[1:] == [state_message(stage, "a")]


def test_a_state_that_was_taken_out_is_cleared() -> None:
    stage, main = Stage(), RecordingMain()
    stage.put("final", entry(is_open=False))
    running = relay(InMemoryLog(), main, stage)
    running.step(0)
    stage.put("final", None)
    running.step(0)

    assert main.published[-1] == Message("rooms/final/state", b"", retained=True)


def test_a_state_that_main_missed_is_told_on_the_next_connection() -> None:
    stage, main = Stage(), RecordingMain()
    running = relay(InMemoryLog(), main, stage)
    running.step(0)
    main.away = True
    stage.put("final", entry(is_open=False))
    running.step(0)
    main.away = False
    step_until_connected(running, main, connects=2)

    assert main.published == [state_message(stage, "final")]
