"""The stream with a fault, and with a backlog: what is seen by who shares no code."""

import json
import time
from collections import Counter
from pathlib import Path

import pytest
from confluent_kafka import KafkaError, Message, Producer

from ingest.topics import intake, reactions_name
from tests.integration.backlog import Backlog
from tests.integration.faulty_stream import MARKED, SKIPPED_EACH
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
    """Posts batches, and notes in which window Kafka has stored each."""

    def __init__(self, process: StreamProcess) -> None:
        self.windows: Counter[int] = Counter()
        self.minute_of: dict[str, int] = {}
        self._topic = reactions_name(process.prefix)
        self._producer = Producer({"bootstrap.servers": process.kafka.servers})

    @property
    def stored(self) -> int:
        return self.windows.total()

    def post(self, batch_id: str, count: int) -> None:
        def delivered(error: KafkaError | None, message: Message) -> None:
            assert error is None
            stored_ms = message.timestamp()[1]
            self.windows[stored_ms - stored_ms % WINDOW_MS] += count
            self.minute_of[batch_id] = stored_ms - stored_ms % MINUTE_MS

        self._producer.produce(
            self._topic,
            json.dumps([{"emoji_type": "❤️"}] * count),
            ROOM,
            headers={"batch_id": batch_id},
            on_delivery=delivered,
        )
        assert self._producer.flush(30) == 0

    def post_for(self, seconds: float) -> None:
        """Post ten batches a second, the marked one among them."""
        for number in range(int(seconds * 10)):
            self.post(f"{number}", 1 + number % 5)
            if number == 15:
                self.post(MARKED, MARKED_REACTIONS)
            time.sleep(0.1)

    def expected(self, fault: str) -> Counter[int]:
        """Return the difference of each minute that this fault makes."""
        if fault == "skip":
            minutes: Counter[int] = Counter()
            for start_ms, count in self.windows.items():
                if start_ms % (SKIPPED_EACH * WINDOW_MS) == 0:
                    minutes[start_ms - start_ms % MINUTE_MS] += count
            return minutes
        sign = {"drop": 1, "twice": -1}[fault]
        return Counter({self.minute_of[MARKED]: sign * MARKED_REACTIONS})


@pytest.mark.parametrize("fault", ["drop", "twice", "skip"])
def test_a_fault_in_the_query_is_exactly_the_difference(
    kafka: KafkaServer, tmp_path: Path, fault: str
) -> None:
    """The auditor shows it, minute by minute; a recount shows it for the room."""
    command = ("tests.integration.faulty_stream", fault)
    process = StreamProcess(kafka, tmp_path, command, stream_window_ms=WINDOW_MS)
    kafka.create(intake(process.prefix))
    poster = Poster(process)
    try:
        with auditor_of(process) as auditor:
            process.start()
            poster.post_for(2.5 * SKIPPED_EACH * WINDOW_MS / 1000)
            expected = poster.expected(fault)
            lost = sum(expected.values())
            process.wait_for_totals({ROOM: poster.stored - lost})
            auditor.wait_for_sum(ROOM, stored=poster.stored, difference=lost)
            assert auditor.differences(ROOM) == expected
        found = recount(process, ROOM)
        assert process.stop() == 0
    finally:
        process.kill()
    assert lost != 0
    assert found["agrees"] is False
    assert found["missing"] == max(0, lost)


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
