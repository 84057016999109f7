"""The stream with a fault, and with a backlog: what is seen by who shares no code."""

import json
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
from confluent_kafka import KafkaError, Message, Producer

from ingest.topics import intake, reactions_name
from tests.integration.backlog import Backlog
from tests.integration.faulty_stream import DROPS, MARKED, SKIPPED_EACH, SKIPS, TWICE
from tests.integration.kafka_server import KafkaServer
from tests.integration.processes import wait_until
from tests.integration.stream_process import (
    FRAME_WITHIN_S,
    FrameTail,
    StreamProcess,
)
from tests.integration.witness import auditor_of, recount

ROOM = "final"
MINUTE_MS = 60_000
WINDOW_MS = 2000
MARKED_REACTIONS = 7

pytestmark = pytest.mark.timeout(1200)


class Poster:
    """Posts batches to a room, and notes in which window Kafka has stored each."""

    def __init__(self, process: StreamProcess, room: str) -> None:
        self.windows: Counter[int] = Counter()
        self.marked_minute_ms = 0
        self._room, self._topic = room, reactions_name(process.prefix)
        self._producer = Producer({"bootstrap.servers": process.kafka.servers})

    @property
    def stored(self) -> int:
        return self.windows.total()

    def post(self, batch_id: str, count: int) -> None:
        def delivered(error: KafkaError | None, message: Message) -> None:
            assert error is None
            stored_ms = message.timestamp()[1]
            self.windows[stored_ms - stored_ms % WINDOW_MS] += count
            if batch_id == MARKED:
                self.marked_minute_ms = _minute(stored_ms)

        self._producer.produce(
            self._topic,
            json.dumps([{"emoji_type": "❤️"}] * count),
            self._room,
            headers={"batch_id": batch_id},
            on_delivery=delivered,
        )
        assert self._producer.flush(30) == 0

    def expected(self) -> Counter[int]:
        """Return the difference of each minute that the room's fault makes."""
        if self._room == SKIPS:
            minutes: Counter[int] = Counter()
            for start_ms, count in self.windows.items():
                if start_ms % (SKIPPED_EACH * WINDOW_MS) == 0:
                    minutes[_minute(start_ms)] += count
            return minutes
        sign = {DROPS: 1, TWICE: -1}.get(self._room, 0)
        found = Counter({self.marked_minute_ms: sign * MARKED_REACTIONS})
        return Counter({minute_ms: n for minute_ms, n in found.items() if n})


def post_for(posters: Iterable[Poster], seconds: float) -> None:
    """Post ten batches a second to each room, the marked one among them."""
    for number in range(int(seconds * 10)):
        for poster in posters:
            poster.post(f"{number}", 1 + number % 5)
            if number == 15:
                poster.post(MARKED, MARKED_REACTIONS)
        time.sleep(0.1)


def test_each_fault_in_the_query_is_exactly_the_difference(
    kafka: KafkaServer, tmp_path: Path
) -> None:
    """The auditor shows it, minute by minute; a recount shows it for the room."""
    command = ("tests.integration.faulty_stream", "errs")
    process = StreamProcess(kafka, tmp_path, command, stream_window_ms=WINDOW_MS)
    kafka.create(intake(process.prefix))
    rooms = {room: Poster(process, room) for room in (DROPS, TWICE, SKIPS, ROOM)}
    try:
        with auditor_of(process) as auditor:
            process.start()
            post_for(rooms.values(), 2.5 * SKIPPED_EACH * WINDOW_MS / 1000)
            expected = {room: poster.expected() for room, poster in rooms.items()}
            lost = {room: sum(minutes.values()) for room, minutes in expected.items()}
            process.wait_for_totals(
                {room: poster.stored - lost[room] for room, poster in rooms.items()}
            )
            for room, poster in rooms.items():
                auditor.wait_for_sum(room, stored=poster.stored, difference=lost[room])
                assert auditor.differences(room) == expected[room]
        found = recount(process, SKIPS)
        assert process.stop() == 0
    finally:
        process.kill()
    assert (lost[DROPS], lost[TWICE], lost[ROOM]) == (7, -7, 0)
    assert lost[SKIPS] > 0
    assert (found["agrees"], found["missing"]) == (False, lost[SKIPS])


def test_a_backlog_of_ten_minutes_is_counted_to_the_last_reaction(
    kafka: KafkaServer, tmp_path: Path
) -> None:
    """A partition has the first half of the time and the other one the second."""
    process = StreamProcess(kafka, tmp_path)
    kafka.create(intake(process.prefix))
    backlog = Backlog(seed=7)
    backlog.write(kafka.servers, reactions_name(process.prefix), ROOM)
    try:
        process.start()
        process.wait_for_totals({ROOM: backlog.distinct})
        for operator in ("count", "dedupe"):
            assert process.metric("stream_late_rows_total", operator=operator) == 0
        with auditor_of(process) as auditor:
            auditor.wait_for_sum(
                ROOM,
                stored=backlog.distinct + backlog.repeated,
                repeated=backlog.repeated,
                late=0,
                counted=backlog.distinct,
                difference=0,
            )
        found = recount(process, ROOM)
        assert process.stop() == 0
    finally:
        process.kill()
    assert (found["agrees"], found["missing"]) == (True, 0)
    assert "lost rows" not in process.log()


@pytest.mark.long
def test_what_a_limit_for_each_trigger_loses_of_a_backlog_is_seen(
    kafka: KafkaServer, tmp_path: Path
) -> None:
    """It is why the stream has none: partitions advance by lag, and not by time."""
    command = ("tests.integration.faulty_stream", "limit")
    process = StreamProcess(kafka, tmp_path, command)
    kafka.create(intake(process.prefix))
    backlog = Backlog(seed=7)
    backlog.write(kafka.servers, reactions_name(process.prefix), ROOM)

    def has_read_all() -> bool:
        process.assert_running()
        return process.metric("stream_records_total") >= backlog.records

    try:
        process.start()
        FrameTail(process).wait()
        wait_until(has_read_all, within_s=FRAME_WITHIN_S, what="all of the backlog")
        lost = backlog.distinct - process.totals()[ROOM]
        with auditor_of(process) as auditor:
            auditor.wait_for_sum(ROOM, late=0, difference=lost)
        found = recount(process, ROOM)
        assert process.stop() == 0
    finally:
        process.kill()
    assert lost > 0
    assert (found["agrees"], found["missing"]) == (False, lost)


def _minute(moment_ms: int) -> int:
    return moment_ms - moment_ms % MINUTE_MS
