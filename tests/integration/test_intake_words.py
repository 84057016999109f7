"""What ingest's workers say of what they did: a real web process, a real Kafka."""

import os
import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from confluent_kafka import Consumer, KafkaException, TopicPartition

from ingest.topics import intake, reactions, states
from tests.integration.kafka_server import KafkaServer
from tests.integration.processes import wait_until
from tests.integration.web_process import Web, answer_on, running

GOOD = {"user_id": "u", "emoji_type": "❤️", "timestamp": 1}
SAID_WITHIN_S = 30


class Words:
    """The topic `intake`, read from its beginning each time."""

    def __init__(self, kafka: KafkaServer, topic: str) -> None:
        self._servers, self._topic = kafka.servers, topic

    def by_worker(self) -> Mapping[str, list[dict[str, Any]]]:
        """Return each worker's words; one that was said twice counts once."""
        said: dict[str, dict[int, dict[str, Any]]] = {}
        for key, word in self._read():
            assert key == word["worker"]
            said.setdefault(key, {}).setdefault(word["seq"], word)
        return {name: list(words.values()) for name, words in said.items()}

    def sums(self, room: str) -> Counter[str]:
        """Return what all workers did for a room."""
        sums: Counter[str] = Counter()
        for words in self.by_worker().values():
            for word in words:
                line = word["rooms"].get(room, {})
                for name, number in line.items():
                    counts = number if isinstance(number, dict) else {name: number}
                    sums.update(counts)
        return +sums

    def _read(self) -> Iterator[tuple[str, dict[str, Any]]]:
        consumer = Consumer({"bootstrap.servers": self._servers, "group.id": "words"})
        at = TopicPartition(self._topic, 0, 0)
        try:
            end = _end_of(consumer, at)
            consumer.assign([at])
            read = 0
            while read < end:
                for message in consumer.consume(500, timeout=1):
                    assert message.error() is None
                    key, value = message.key(), message.value()
                    assert isinstance(key, bytes)
                    read = (message.offset() or 0) + 1
                    yield key.decode(), msgspec.json.decode(value or b"")
        finally:
            consumer.close()


def _end_of(consumer: Consumer, at: TopicPartition) -> int:
    """Return the next offset; a Kafka that is just back leads nothing for a moment."""
    ends: list[int] = []

    def found() -> bool:
        with suppress(KafkaException):
            ends.append(consumer.get_watermark_offsets(at, timeout=10)[1])
        return bool(ends)

    wait_until(found, within_s=SAID_WITHIN_S, what="the end of the topic")
    return ends[0]


class Stage:
    """The web process with topics of its own, and what it says."""

    def __init__(self, kafka: KafkaServer, name: str, folder: Path) -> None:
        prefix = f"{name}."
        self.kafka, self.folder = kafka, folder
        self.words = Words(kafka, intake(prefix).name)
        self.settings = {"KAFKA_SERVERS": kafka.servers, "KAFKA_TOPIC_PREFIX": prefix}
        kafka.create(reactions(prefix, partitions=2, retention_bytes=1 << 30))
        kafka.create(intake(prefix))
        kafka.create(states(prefix))

    def running(self, workers: int = 1) -> Any:  # noqa: ANN401 - a context manager
        return running(self.folder, WEB_WORKERS=workers, **self.settings)


@pytest.fixture
def stage(kafka: KafkaServer, request: pytest.FixtureRequest, tmp_path: Path) -> Stage:
    return Stage(kafka, request.node.name[-60:], tmp_path)


def post(web: Web, body: object = GOOD, room: str = "final") -> int:
    """Post over a connection of its own, so that any worker may take it."""
    with web.client() as client:
        path = f"/v1/rooms/{room}/reactions"
        return client.post(path, json=body, timeout=10).status_code


def are_ready(web: Web) -> bool:
    """Tell whether any worker that is asked is ready: one at a time answers."""
    return all(web.status("/readyz") == 200 for _ in range(20))


def test_all_that_was_done_is_said_when_the_workers_have_ended(stage: Stage) -> None:
    with stage.running(workers=2) as web:
        wait_until(lambda: len(web.workers) == 2, within_s=30, what="two workers")
        wait_until(lambda: are_ready(web), within_s=60, what="both workers")
        wait_until(lambda: post(web, room="warm") == 202, within_s=30, what="Kafka")
        answers = [post(web, [GOOD, GOOD, 7]) for _ in range(30)]
        answers += [post(web, [7]), post(web, [GOOD], room="Final")]

    assert answers == [202] * 30 + [422, 404]
    assert stage.words.sums("final") == {
        "posts": 31,
        "received": 91,
        "accepted": 60,
        "not_an_object": 31,
        "nothing_acceptable": 1,
    }
    assert stage.words.sums("-")["bad_room"] == 1
    workers = stage.words.by_worker()
    assert len(workers) == 2
    for words in workers.values():
        assert [word["seq"] for word in words] == [*range(len(words))]
        assert [word["closed"] for word in words[:-1]] == [False] * (len(words) - 1)
        assert words[-1]["closed"]


def test_a_killed_worker_takes_no_leave_and_its_successor_has_another_name(
    stage: Stage,
) -> None:
    with stage.running() as web:
        wait_until(lambda: post(web) == 202, within_s=30, what="Kafka")
        wait_until(
            lambda: stage.words.sums("final")["accepted"] > 0,
            within_s=SAID_WITHIN_S,
            what="the first word",
        )
        (worker,) = web.workers
        os.kill(worker.pid, signal.SIGKILL)
        wait_until(
            lambda: len(stage.words.by_worker()) == 2,
            within_s=SAID_WITHIN_S,
            what="another worker's word",
        )

    ends = [words[-1]["closed"] for words in stage.words.by_worker().values()]
    assert ends == [False, True]


def test_what_is_done_while_kafka_is_away_is_said_when_it_is_back(stage: Stage) -> None:
    with stage.running() as web:
        wait_until(lambda: post(web) == 202, within_s=30, what="Kafka")
        with stage.kafka.gone():
            wait_until(lambda: _is_refused(web), within_s=30, what="a refusal")
            refused = sum(_is_refused(web) for _ in range(20))
            told = web.counted("not_stored")
        wait_until(
            lambda: stage.words.sums("final")["not_stored"] >= told,
            within_s=60,
            what="all refusals in words",
        )

    assert refused == 20
    sums = stage.words.sums("final")
    assert sums["not_stored"] == told
    assert sums["accepted"] == 1


def test_what_was_refused_before_it_was_read_is_of_no_room(stage: Stage) -> None:
    stage.settings["WEB_HEAD_WITHIN_S"] = "1"
    with stage.running() as web, web.connect(b"POST /v1/rea") as half_sent:
        assert answer_on(half_sent).refusal == (408, "too_slow")

    assert stage.words.sums("-") == {"posts": 1, "too_slow": 1}


def _is_refused(web: Web) -> bool:
    with web.client() as client:
        answer = client.post("/v1/rooms/final/reactions", json=GOOD, timeout=10)
    return answer.status_code == 503 and answer.json()["error"] == "not_stored"
