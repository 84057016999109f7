"""`emostream recount`, over a real Kafka; what the stream says is written by hand."""

import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka import TopicPartition as At
from confluent_kafka.admin import AdminClient

import stream.topics
from ingest.topics import Topic, reactions
from stream.room_log import RoomLog
from stream.windows import RoomState, Windows
from tests.frames import hearts
from tests.integration.kafka_server import KafkaServer

MINUTE_MS = 60_000
OLD = "2026-11-20T18:00:00.000Z"

pytestmark = pytest.mark.timeout(600)


class Recounted:
    """A reaction log of a test's own, and the command that recounts it."""

    def __init__(self, kafka: KafkaServer, folder: Path) -> None:
        self.prefix = f"{folder.name}."
        self._kafka, self._folder = kafka, folder
        whole = reactions(self.prefix, partitions=2, retention_bytes=1 << 30)
        # So that a test can say when a record was stored.
        own_time = {**whole.config, "message.timestamp.type": "CreateTime"}
        self.reactions: Topic = dataclasses.replace(whole, config=own_time)
        for topic in (
            self.reactions,
            stream.topics.frames(self.prefix),
            stream.topics.rooms(self.prefix),
        ):
            kafka.create(topic)
        self._producer = Producer({"bootstrap.servers": kafka.servers})
        self._room_log = RoomLog(
            kafka.servers,
            transactional_id=self.prefix,
            rooms=stream.topics.rooms(self.prefix).name,
            frames=stream.topics.frames(self.prefix).name,
        )

    def post(
        self,
        emoji: str,
        batch_id: str,
        counts: Mapping[str, int] | None = None,
        *,
        partition: int = 0,
        stored_ms: int | None = None,
    ) -> None:
        value = json.dumps([{"user_id": "u", "emoji_type": each} for each in emoji])
        said = {"counts": json.dumps(counts)} if counts else {}
        self._producer.produce(
            self.reactions.name,
            value,
            "final",
            partition,
            timestamp=stored_ms or time.time_ns() // 1_000_000,
            headers=[*{"batch_id": batch_id, **said}.items()],
        )
        assert self._producer.flush(30) == 0

    def says(self, windows: Windows, *, before: Windows, start: int) -> None:
        """Write what the stream would have: a trigger that began at these offsets."""
        state = RoomState(
            OLD,
            batch=1,
            start={"0": start, "1": start},
            open=windows,
            before=before,
        )
        self._room_log.write({"final": state}, [])

    def shows(self, seq: int, count: int, window_start_ms: int) -> None:
        frame = hearts(
            count, seq=seq, room="final", epoch=OLD, start_ms=window_start_ms
        )
        self._room_log.write({}, [frame])

    def remove_below(self, offset: int) -> None:
        admin = AdminClient({"bootstrap.servers": self._kafka.servers})
        removed = admin.delete_records([At(self.reactions.name, 0, offset)])
        for each in removed.values():
            each.result(30)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        own = {
            "EMOSTREAM_KAFKA_SERVERS": self._kafka.servers,
            "EMOSTREAM_KAFKA_TOPIC_PREFIX": self.prefix,
            "EMOSTREAM_STATE_DIR": str(self._folder),
            "EMOSTREAM_SPARK_DRIVER_MEMORY_MB": "512",
        }
        return subprocess.run(
            [sys.executable, "-m", "compose", "recount", "final", *arguments],
            env={**os.environ, **own},
            capture_output=True,
            text=True,
            check=False,
        )

    def found(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        done = self.run("--json", *arguments)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)


@pytest.fixture
def recounted(kafka: KafkaServer, tmp_path: Path) -> Recounted:
    return Recounted(kafka, tmp_path)


def test_a_planted_wrong_header_is_found(recounted: Recounted) -> None:
    """The stream believes a header; the sums agree, and the emoji do not."""
    recounted.post("aab", "one", {"a": 2, "b": 1})
    recounted.post("aab", "one", {"a": 2, "b": 1}, partition=1)
    recounted.post("aaab", "planted", {"a": 1, "b": 3}, partition=1)
    recounted.says({0: {"a": 3, "b": 4}}, before={0: {"a": 2, "b": 1}}, start=1)
    true = recounted.found()

    recounted.says({0: {"a": 3, "b": 4}}, before={}, start=9)
    exit_code, found = recounted.found()

    assert true[0] == 0
    assert (true[1]["agrees"], true[1]["counted"], true[1]["missing"]) == (True, 3, 0)
    assert (exit_code, found["agrees"], found["difference"]) == (1, False, 0)
    assert found["wrong"] == {"a": [3, 5], "b": [4, 2]}
    assert (found["recounted"], found["repeated"]) == (7, 3)


def test_what_retention_has_removed_is_named(recounted: Recounted) -> None:
    for number in range(4):
        recounted.post("aab", f"{number}")
    recounted.says({0: {"a": 8, "b": 4}}, before={}, start=4)
    recounted.remove_below(3)

    done = recounted.run()

    assert done.returncode == 0, done.stderr
    assert "part of it is no longer in Kafka" in done.stdout
    assert "(partition/offset): 0/3" in done.stdout
    assert done.stderr == ""


def test_a_part_of_the_time_is_compared_with_its_frames(recounted: Recounted) -> None:
    minute_ms = (time.time_ns() // 1_000_000 // MINUTE_MS - 3) * MINUTE_MS
    for seconds in (-1, 0, 59, 60):
        at_ms = minute_ms + seconds * 1000
        recounted.post("❤❤❤", f"{seconds}", stored_ms=at_ms)
        recounted.shows(seconds + 1, 3, at_ms - at_ms % 2000)
    recounted.says({0: {"❤": 12}}, before={}, start=4)
    since, until = (
        time.strftime("%Y-%m-%dT%H:%M", time.gmtime((minute_ms + later) / 1000))
        for later in (0, MINUTE_MS)
    )

    exit_code, found = recounted.found("--from", since, "--to", until)

    assert exit_code == 0
    assert (found["counted"], found["recounted"], found["agrees"]) == (6, 6, True)


def test_a_room_of_which_nothing_is_known_is_told_in_a_sentence(
    recounted: Recounted,
) -> None:
    done = recounted.run()

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "The stream has counted nothing of a room final.\n"
