import logging
from collections.abc import Sequence

import pytest

from bridge.record import Record
from bridge.relay import MainLost, Message, Relay
from stream.frame import Frame, Pulse
from tests.fakes import InMemoryLog
from tests.frames import frame, pulse_record, record

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


def relay(log: InMemoryLog, main: RecordingMain) -> Relay:
    return Relay(log, main, now_ms=lambda: NOW_MS)


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
    log = InMemoryLog([Record(b"a", b"poison", 3, 41), record(good, 42)])
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
    log = InMemoryLog([record(frame("a", 1, 1))], [Record(b"a", None, 0, 1)])
    main = RecordingMain()

    steps(log, main, 2)

    assert main.published[-1] == Message("rooms/a/frame", b"", retained=True)


def test_a_removal_that_main_missed_is_told_on_the_next_connection() -> None:
    log = InMemoryLog([record(frame("a", 1, 1))], [Record(b"a", None, 0, 1)])
    main = RecordingMain()
    running = steps(log, main, 1)
    main.away = True
    running.step(0)
    main.away = False
    main.published.clear()

    step_until_connected(running, main, connects=2)

    assert main.published == [Message("rooms/a/frame", b"", retained=True)]
