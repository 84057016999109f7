"""The auditor as a process of a test's own, and what a test writes for it to read."""

import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import msgspec
from confluent_kafka import (
    OFFSET_END,
    KafkaError,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

import ingest.topics
import stream.topics
from compose.plain_http import get
from compose.settings import Settings
from ingest.topics import Topic
from tests.integration.kafka_server import KafkaServer
from tests.integration.processes import (
    LOOPBACK,
    RealProcess,
    free_port,
    spawn,
    wait_until,
)

SOON_S = 60
WINDOW_MS = 2000
MINUTE_MS = 60_000


class AuditorProcess(RealProcess):
    """One `python -m stream.auditor` after another, over the same topics and books."""

    def __init__(
        self,
        kafka: KafkaServer,
        folder: Path,
        **settings: object,
    ) -> None:
        super().__init__(folder / "auditor.log")
        self.prefix = f"{folder.name}."
        self.topics = (
            ingest.topics.reactions(self.prefix, partitions=2, retention_bytes=1 << 30),
            stream.topics.frames(self.prefix),
            ingest.topics.intake(self.prefix),
        )
        self._kafka = kafka
        self._settings = {
            "state_dir": folder,
            "kafka_servers": kafka.servers,
            "kafka_topic_prefix": self.prefix,
            "cluster_port": free_port(),
            "clusters": 1,
            **settings,
        }
        self._port = 0

    @property
    def reactions(self) -> str:
        """The name of the reaction log."""
        return self.topics[0].name

    def create_topics(self) -> None:
        """Create all that it reads, where no real stream brings its own."""
        for topic in self.topics:
            self._kafka.create(topic)

    def start(self) -> None:
        """Start it; it is not ready yet."""
        # A port of its own: the one before may not be free at once.
        self._port = free_port()
        settings = Settings().model_copy(
            update={**self._settings, "auditor_port": self._port}
        )
        environment = {**os.environ, **settings.as_environment()}
        command = [sys.executable, "-m", "stream.auditor"]
        self._process = spawn(command, self._log, environment=environment)

    def remake(self, topic: Topic) -> None:
        """Delete a topic and make it anew."""
        remake(self._kafka, topic)

    def empty(self, topic: str) -> None:
        """Have Kafka remove all records of a topic, as retention does."""
        admin = AdminClient({"bootstrap.servers": self._kafka.servers})
        partitions = admin.list_topics(topic, timeout=30).topics[topic].partitions
        ends = [TopicPartition(topic, number, OFFSET_END) for number in partitions]
        for done in admin.delete_records(ends).values():
            done.result(30)

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """Return an answer; None while there is none."""
        try:
            answer = get(f"http://{LOOPBACK}:{self._port}{path}", within_s=30)
        except httpx.TransportError:
            return None
        return answer.json() if answer.status_code == httpx.codes.OK else None

    def metrics(self) -> str:
        """Return what it says of itself."""
        url = f"http://{LOOPBACK}:{self._port}/metrics"
        return get(url, within_s=30).text

    def wait_until_ready(self) -> None:
        """Wait until it has read all that there was at its start."""
        wait_until(
            lambda: self._is_running() and self.get("/readyz") is not None,
            within_s=SOON_S,
            what="the auditor",
        )

    def wait_for(self, moment_ms: int) -> None:
        """Wait until everything that was stored before a moment is in its books."""
        wait_until(
            lambda: (self.get("/ledger") or {"as_of_ms": 0})["as_of_ms"] > moment_ms,
            within_s=SOON_S,
            what="the books",
        )

    def room(self, room: str) -> Any:  # noqa: ANN401 - JSON
        """Return the ledger of a room."""
        return self.get(f"/ledger/{room}?minutes=1440")

    def wait(self) -> int:
        """Wait until it ends by itself; return its exit code."""
        return self._running().wait(SOON_S)

    def _is_running(self) -> bool:
        self.assert_running()
        return True


def remake(kafka: KafkaServer, topic: Topic) -> None:
    """Delete a topic and make it anew."""
    admin = AdminClient({"bootstrap.servers": kafka.servers})
    admin.delete_topics([topic.name])[topic.name].result(30)
    wait_until(
        lambda: topic.name not in admin.list_topics(timeout=30).topics,
        within_s=SOON_S,
        what="the topic's end",
    )
    kafka.create(topic)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Writer:
    """Writes what ingest and the stream write, and keeps the true books of it.

    The stream it plays counts each batch once, in whichever copy it likes, starts
    epochs and repeats triggers.
    """

    def __init__(
        self, kafka: KafkaServer, auditor: AuditorProcess, *, plays_stream: bool = True
    ) -> None:
        self._auditor = auditor
        self._reactions = Producer({"bootstrap.servers": kafka.servers, "log_level": 2})
        self._frames = Producer(
            {
                "bootstrap.servers": kafka.servers,
                "transactional.id": auditor.prefix,
                "log_level": 2,
            }
        )
        if plays_stream:
            self._frames.init_transactions(30)
        self.stored: Counter[tuple[str, int]] = Counter()
        self.counted: Counter[tuple[str, int]] = Counter()
        self._known: set[tuple[str, str]] = set()
        self._fresh: list[tuple[str, int, int]] = []
        self._seq = -1

    def post(
        self,
        room: str,
        reactions: int,
        batch: str,
        *,
        header: Mapping[str, int] | None = None,
    ) -> int:
        """Store a batch; return the moment at which Kafka did."""
        moments: list[int] = []

        def note(error: KafkaError | None, message: Message) -> None:
            assert error is None
            moments.append(message.timestamp()[1])

        one = {"user_id": "u", "emoji_type": "🔥", "timestamp": 1}
        self._reactions.produce(
            self._auditor.reactions,
            msgspec.json.encode([one] * reactions),
            room,
            partition=random.randrange(2),
            headers=[
                ("batch_id", batch),
                ("counts", json.dumps(header or {"🔥": reactions})),
            ],
            on_delivery=note,
        )
        self._reactions.flush(30)
        (moment_ms,) = moments
        self.stored[room, moment_ms - moment_ms % MINUTE_MS] += reactions
        if (room, batch) not in self._known:
            self._known.add((room, batch))
            self._fresh.append((room, moment_ms - moment_ms % WINDOW_MS, reactions))
        return moment_ms

    def trigger(self, runs: int = 1) -> None:
        """Count what was posted since the last one; repeated as replays are."""
        self._seq += 1
        for room, window_ms, reactions in self._fresh:
            self.counted[room, window_ms] += reactions
        changed = {(room, window_ms) for room, window_ms, _ in self._fresh}
        self._fresh.clear()
        for _ in range(runs):
            counts = {key: self.counted[key] for key in sorted(changed)}
            self.frames(counts, seq=self._seq)

    def frames(
        self, counts: Mapping[tuple[str, int], int], *, seq: int, epoch: str = "e1"
    ) -> None:
        """Write the frames of one trigger in one transaction."""
        made_ms = now_ms()
        self._frames.begin_transaction()
        for (room, window_ms), count in counts.items():
            frame = {
                "v": 1,
                "room": room,
                "epoch": epoch,
                "seq": seq,
                "window_start_ms": window_ms,
                "window_ms": WINDOW_MS,
                "counts": {"🔥": count},
                "other": 0,
                "total": self._total(room),
                "times": {"appended_ms": made_ms, "made_ms": made_ms},
            }
            topic = self._auditor.topics[1].name
            self._frames.produce(topic, msgspec.json.encode(frame), room)
        self._frames.commit_transaction(30)

    def say(self, seq: int, rooms: Mapping[str, Mapping[str, object]]) -> None:
        """Say what a worker of ingest did."""
        word = {"v": 1, "worker": "w", "seq": seq, "closed": False, "rooms": rooms}
        topic = self._auditor.topics[2].name
        self._reactions.produce(topic, msgspec.json.encode(word), "w")
        self._reactions.flush(30)

    def _total(self, room: str) -> int:
        return sum(n for (of, _), n in self.counted.items() if of == room)
