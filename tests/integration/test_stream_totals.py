"""The stream's totals against the senders' own book, whatever happens to it."""

import os
import random
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

import stream.room_log
import stream.topics
from ingest.topics import reactions_name
from stream.room_log import RoomLog
from stream.windows import RoomState
from tests.integration.kafka_server import KafkaServer
from tests.integration.poisoner import Poisoner
from tests.integration.processes import wait_until
from tests.integration.sender_book import Sender, Traffic
from tests.integration.stream_process import (
    FRAME_WITHIN_S,
    FrameTail,
    StreamProcess,
    family,
    position,
    signal_all,
)

SEED = int(os.environ.get("TEST_SEED", str(random.randrange(10**6))))

pytestmark = pytest.mark.timeout(2400)


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
    """One kill at random, two or more aimed between frames and commit: one must hit.

    While the driver starts, copies of a batch gather: they meet in one trigger.
    """
    process, chance = StreamProcess(kafka, tmp_path), random.Random(SEED)
    kills = hits = 0
    try:
        with sender(process) as traffic:
            while kills < 3 or (not hits and kills < 8):
                process.start()
                if kills < 1:
                    FrameTail(process, new_only=True).wait()
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
    process = StreamProcess(kafka, tmp_path, stream_dedupe_s=6)

    def has_summed_up() -> bool:
        """Tell whether a window is older than what repeats are known by."""
        process.assert_running()
        return any(state.totals for state in process.states().values())

    try:
        with sender(process, Traffic(again_after_s=(0.5, 3))) as traffic:
            process.start()
            wait_until(has_summed_up, within_s=FRAME_WITHIN_S, what="a total")
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
    process = StreamProcess(kafka, tmp_path, stream_dedupe_s=4)
    longer_s = 5.5
    poisoner = Poisoner(process)
    try:
        poisoner.leave_gaps()
        with sender(process, Traffic(again_after_s=(0.3, 1))) as traffic:
            poisoner.write_all()
            process.start()
            FrameTail(process, new_only=True).wait()
            assert process.stop() == 0
            assert process.frames()[-1]["seq"] <= process.last_done()
            for traffic.partition in (0, 1):
                time.sleep(longer_s)
            process.start()
            FrameTail(process, new_only=True).wait()
            traffic.partition = 0
            time.sleep(longer_s)
            process.wait_for_metric("stream_rejects_failures_total")
            kafka.create(poisoner.topic)
            traffic.partition = 1
            time.sleep(longer_s)
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
    kafka: KafkaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than Kafka's client queues by default, while Kafka takes none of them.

    A room that was deleted is not read back.
    """
    # How fast a hundred thousand are stored is no matter here.
    monkeypatch.setattr(stream.room_log, "_TRANSACTION_WAIT_S", 60.0)
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
            signal_all(family(hung), signal.SIGCONT)
            assert hung.wait(FRAME_WITHIN_S) != 0
            hung = None
            # It may have completed the very trigger that the other was in, which
            # then ends by itself.
            FrameTail(process, new_only=True).wait(revive=True)
        process.wait_for_totals(traffic.book)
    finally:
        if hung is not None:
            signal_all(family(hung), signal.SIGKILL)
            hung.wait()
        process.kill()
    assert_no_total_ever_falls(process.frames())
