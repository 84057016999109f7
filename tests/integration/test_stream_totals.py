"""The stream's totals against the senders' own book, whatever happens to it."""

import os
import random
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

import stream.topics
from ingest.topics import reactions_name
from stream.room_log import RoomLog
from stream.windows import RoomState
from tests.integration.kafka_server import KafkaServer, kafka_server
from tests.integration.poisoner import Poisoner
from tests.integration.processes import wait_until
from tests.integration.sender_book import Sender, Traffic
from tests.integration.stream_process import (
    FRAME_WITHIN_S,
    FrameTail,
    StreamProcess,
    position,
    signal_tree,
)

SEED = int(os.environ.get("TEST_SEED", str(random.randrange(10**6))))

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    with kafka_server(tmp_path_factory.mktemp("kafka")) as server:
        yield server


def sender(process: StreamProcess, traffic: Traffic | None = None) -> Sender:
    print(f"TEST_SEED={SEED}")
    topic = reactions_name(process.prefix)
    return Sender(process.kafka.servers, topic, traffic or Traffic(), SEED)


def assert_no_total_ever_falls(frames: list[dict[str, Any]]) -> None:
    newest: dict[str, dict[str, Any]] = {}
    for frame in frames:
        known = newest.setdefault(frame["room"], frame)
        if position(frame) > position(known):
            assert frame["total"] >= known["total"], (known, frame)
            newest[frame["room"]] = frame


def test_totals_are_exact_across_kills(kafka: KafkaServer, tmp_path: Path) -> None:
    """Two kills at random, three or more aimed between frames and commit: one must hit.

    While the driver starts, copies of a batch gather: they meet in one trigger.
    """
    process, chance = StreamProcess(kafka, tmp_path), random.Random(SEED)
    kills = hits = 0
    try:
        with sender(process) as traffic:
            while kills < 5 or (not hits and kills < 12):
                tail = FrameTail(process, new_only=True)
                process.start()
                tail.wait()
                if kills < 2:
                    time.sleep(chance.uniform(0, 2.5))
                    process.kill()
                else:
                    process.kill_between_frames_and_commit()
                kills += 1
                hits += process.frames()[-1]["seq"] > process.last_done()
            process.start()
            FrameTail(process, new_only=True).wait()
        process.wait_for_totals(traffic.book)
        assert process.stop() == 0
    finally:
        process.kill()
    print(f"kills={kills} between_frames_and_commit={hits}")
    assert hits > 0
    assert traffic.copies > 1.5 * traffic.batches
    assert_no_total_ever_falls(process.frames())
    assert "lost rows" not in process.log()


def test_a_lost_checkpoint_starts_an_epoch_and_the_totals_go_on(
    kafka: KafkaServer, tmp_path: Path
) -> None:
    process = StreamProcess(kafka, tmp_path, stream_dedupe_s=8)
    try:
        with sender(process, Traffic(again_after_s=(1, 5))) as traffic:
            process.start()
            FrameTail(process, new_only=True).wait()
            time.sleep(12)  # longer than repeats are known: windows are summed up
            assert max(state.through_ms for state in process.states().values()) > 0
            process.kill()
            shutil.rmtree(process.checkpoint)
            process.start()
            first = FrameTail(process, new_only=True).wait()
            process.kill()
            process.start()
            FrameTail(process, new_only=True).wait()
        process.wait_for_totals(traffic.book)
    finally:
        process.kill()
    epochs = {frame["epoch"] for frame in process.frames()}
    assert len(epochs) == 2
    assert first["epoch"] == max(epochs)
    assert_no_total_ever_falls(process.frames())


def test_a_backlog_an_idle_partition_and_poison_lose_nothing(
    kafka: KafkaServer, tmp_path: Path
) -> None:
    """The partitions are filled one after another, each for longer than the lateness.

    Then, while the stream runs, one of them is idle for as long, and wakes up. Told to
    stop, the stream ends between two triggers. And the last window of the burst is
    published without more traffic.

    There is poison in both partitions, and a gap in the memory of rooms. The topic for
    rejects is made late: only the query that writes there fails, and it comes back.
    """
    process = StreamProcess(kafka, tmp_path, stream_dedupe_s=5)
    poisoner = Poisoner(process)
    try:
        poisoner.leave_gaps()
        with sender(process, Traffic(again_after_s=(0.5, 2))) as traffic:
            poisoner.write_all()
            process.start()
            FrameTail(process, new_only=True).wait()
            assert process.stop() == 0
            assert process.frames()[-1]["seq"] <= process.last_done()
            for traffic.partition in (0, 1):
                time.sleep(7)
            process.start()
            FrameTail(process, new_only=True).wait()
            traffic.partition = 0
            time.sleep(7)
            process.wait_for_metric("stream_rejects_failures_total")
            kafka.create(poisoner.topic)
            traffic.partition = 1
            time.sleep(7)
        process.wait_for_totals(traffic.book + poisoner.book)
        wait_until(
            lambda: sum(poisoner.counted().values()) >= len(poisoner.expected),
            within_s=FRAME_WITHIN_S,
            what="all rejects",
        )
        by_reason = Counter(reason for reason, _ in poisoner.expected.values())
        assert poisoner.counted() == by_reason
        assert process.stop() == 0
    finally:
        process.kill()
    assert poisoner.rejected() == sorted(poisoner.expected.items())
    assert "lost rows" not in process.log()


def test_a_trigger_of_very_many_rooms_is_stored_whole_and_read_back(
    kafka: KafkaServer, tmp_path: Path
) -> None:
    """More than Kafka's client queues by default, while Kafka takes none of them.

    A room that was deleted is not read back.
    """
    process = StreamProcess(kafka, tmp_path)
    rooms, frames = (
        describe(process.prefix).name
        for describe in (stream.topics.rooms, stream.topics.frames)
    )
    states = {f"room-{number}": RoomState("an epoch") for number in range(100_001)}
    log = RoomLog(
        kafka.servers, transactional_id=process.prefix, rooms=rooms, frames=frames
    )

    kafka.pause()
    threading.Timer(1.5, kafka.resume).start()
    log.write(states, [])
    producer = Producer({"bootstrap.servers": kafka.servers})
    producer.produce(rooms, None, "room-7")
    assert producer.flush(30) == 0

    del states["room-7"]
    assert process.states() == states


def test_a_driver_that_wakes_up_late_can_write_nothing(
    kafka: KafkaServer, tmp_path: Path
) -> None:
    process = StreamProcess(kafka, tmp_path)
    hung: subprocess.Popen[bytes] | None = None
    try:
        with sender(process) as traffic:
            process.start()
            FrameTail(process, new_only=True).wait()
            hung = process.hang()
            process.start()
            FrameTail(process, new_only=True).wait()
            signal_tree(hung, signal.SIGCONT)
            assert hung.wait(60) != 0
            hung = None
            # It may have completed the very trigger that the other was in.
            process.revive()
            FrameTail(process, new_only=True).wait()
        process.wait_for_totals(traffic.book)
    finally:
        if hung is not None:
            signal_tree(hung, signal.SIGKILL)
            hung.wait()
        process.kill()
    assert_no_total_ever_falls(process.frames())
