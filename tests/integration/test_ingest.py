"""The path from a POST to the reaction log, against a real Kafka."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from confluent_kafka import (
    TIMESTAMP_LOG_APPEND_TIME,
    Consumer,
    Message,
    Producer,
    TopicPartition,
)
from werkzeug.test import TestResponse

from ingest import metrics, openapi
from ingest.account import Account
from ingest.app import create_app
from ingest.guard import Common
from ingest.health import Readiness
from ingest.kafka_sink import REPORT_WITHIN_S, KafkaSink, producer_config
from ingest.limits import AddressLimits, Rate
from ingest.topics import Topic, reactions
from tests.hosting import Stage
from tests.integration.kafka_server import KafkaServer
from tests.integration.processes import wait_until

GOOD = {"user_id": "u", "emoji_type": ":heart:", "timestamp": 1}
ANSWER_WITHIN_S = 5


@dataclass(frozen=True)
class Answer:
    """What a POST was answered, and how long that took."""

    status: int
    label: str
    took_s: float


@pytest.fixture
def topic(kafka: KafkaServer, request: pytest.FixtureRequest) -> Topic:
    prefix = f"{request.node.name}."
    topic = reactions(prefix, partitions=2, retention_bytes=1 << 30)
    kafka.create(topic)
    return topic


class Ingest:
    """The app, and a look into its producer's queue."""

    def __init__(self, config: dict[str, Any], topic: Topic) -> None:
        self.sink = KafkaSink(config, topic.name, make=self._make)
        generous = Rate(per_s=1000, burst=1000)
        common = Common(
            Readiness(self.sink.probe),
            lambda: metrics.exposition(None),
            openapi.document(),
            AddressLimits(generous, generous),
        )
        self._app = create_app(self.sink, common, Account(), Stage().hosting)

    @property
    def waiting(self) -> int:
        """How many records Kafka has not acknowledged."""
        return len(self._producer)

    def get(self, path: str) -> TestResponse:
        return self._app.test_client().get(path)

    def wait_until_ready_says(self, status: int, text: str = "") -> None:
        """Ask until the answer is `status`, with `text` in it."""

        def says() -> bool:
            answer = self.get("/readyz")
            return answer.status_code == status and text in answer.text

        wait_until(says, within_s=30, what=f"{status} {text}")

    def post(self, key: str = "") -> Answer:
        started_s = time.monotonic()
        answer = self._app.test_client().post(
            "/v1/rooms/final/reactions",
            json=[GOOD],
            headers={"Idempotency-Key": key} if key else {},
        )
        took_s = time.monotonic() - started_s
        return Answer(answer.status_code, (answer.json or {}).get("error", ""), took_s)

    def post_many(self, count: int) -> list[Answer]:
        """Post as many at once."""
        with ThreadPoolExecutor(count) as senders:
            return list(senders.map(lambda _: self.post(), range(count)))

    def wait_for(self, outcome: str, key: str = "") -> Answer:
        """Post until the answer is `outcome`: a label, nothing for a 202."""
        answers: list[Answer] = []

        def came() -> bool:
            answers.append(self.post(key))
            return answers[-1].label == outcome

        wait_until(came, within_s=30, what=outcome or "202")
        return answers[-1]

    def _make(self, config: dict[str, Any]) -> Producer:
        self._producer = Producer(config)
        return self._producer


@contextmanager
def running(kafka: KafkaServer, topic: Topic, **config: Any) -> Iterator[Ingest]:  # noqa: ANN401
    made = Ingest({**producer_config(kafka.servers, linger_ms=5), **config}, topic)
    with closing(made.sink):
        yield made


@contextmanager
def on_its_way(ingest: Ingest) -> Iterator[Future[Answer]]:
    """Have a batch that Kafka was handed and has not acknowledged."""
    with ThreadPoolExecutor(1) as sender:
        answer = sender.submit(ingest.post)
        wait_until(lambda: ingest.waiting == 1, within_s=10, what="the batch")
        yield answer


@pytest.fixture
def ingest(kafka: KafkaServer, topic: Topic) -> Iterator[Ingest]:
    with running(kafka, topic) as ingest:
        ingest.wait_for("")
        yield ingest


def stored(kafka: KafkaServer, topic: Topic) -> list[Message]:
    """Return every record of the topic."""
    consumer = Consumer({"bootstrap.servers": kafka.servers, "group.id": "tests"})
    found: list[Message] = []
    with closing(consumer):
        places = [TopicPartition(topic.name, n, 0) for n in range(topic.partitions)]
        ends = [consumer.get_watermark_offsets(place, 10) for place in places]
        consumer.assign(places)
        while len(found) < sum(end for _, end in filter(None, ends)):
            found += consumer.consume(100, 0.1)
    return found


def headers(record: Message) -> dict[str, bytes]:
    return dict(record.headers() or [])  # type: ignore[arg-type]  # a list, in fact


def batch_ids(kafka: KafkaServer, topic: Topic) -> list[bytes]:
    return [headers(record)["batch_id"] for record in stored(kafka, topic)]


def test_202_means_that_the_record_is_in_the_log(
    kafka: KafkaServer, topic: Topic
) -> None:
    before_ms = time.time_ns() // 1_000_000
    with running(kafka, topic) as ingest:
        answer = ingest.wait_for("")
        *_, record = stored(kafka, topic)

    assert answer.status == 202
    assert record.key() == b"final"
    assert json.loads(record.value() or b"") == [GOOD | {"emoji_type": "❤️"}]
    assert len(headers(record)["batch_id"]) == 32
    assert int(headers(record)["received_at_ms"]) >= before_ms
    assert json.loads(headers(record)["counts"]) == {"❤️": 1}
    assert record.timestamp()[0] == TIMESTAMP_LOG_APPEND_TIME


def test_one_room_is_spread_over_all_partitions(
    kafka: KafkaServer, topic: Topic, ingest: Ingest
) -> None:
    for _ in range(30):
        ingest.post()

    assert {record.partition() for record in stored(kafka, topic)} == {0, 1}


def test_each_of_many_at_once_is_stored_once(
    kafka: KafkaServer, topic: Topic, ingest: Ingest
) -> None:
    before = len(batch_ids(kafka, topic))
    answers = ingest.post_many(50)
    ids = batch_ids(kafka, topic)

    assert [answer.status for answer in answers] == [202] * 50
    assert len(set(ids)) == len(ids) == before + 50


def test_a_kafka_that_is_gone_stores_nothing_until_it_is_back(
    kafka: KafkaServer, ingest: Ingest
) -> None:
    with kafka.gone():
        ingest.wait_for("not_stored")
        refused, ready = ingest.post(), ingest.get("/readyz")
    ingest.wait_for("")

    assert refused.status == 503
    assert refused.took_s < REPORT_WITHIN_S
    assert ready.status_code == 503
    ingest.wait_until_ready_says(200)


def test_what_was_on_its_way_when_kafka_went_is_unknown(
    kafka: KafkaServer, ingest: Ingest
) -> None:
    # It hangs first, so that it cannot acknowledge before it is gone.
    with kafka.hung(), on_its_way(ingest) as answer, kafka.gone():
        first = answer.result()
        later = ingest.post()
    ingest.wait_for("")

    assert (first.status, first.label) == (503, "unknown")
    assert first.took_s < ANSWER_WITHIN_S
    assert (later.status, later.label) == (503, "not_stored")


def test_a_kafka_that_hangs_is_never_taken_for_one_that_stored(
    kafka: KafkaServer, ingest: Ingest
) -> None:
    with kafka.hung():
        first = ingest.post()
        later, ready = ingest.post(), ingest.get("/readyz")
    ingest.wait_for("")

    assert (first.status, first.label) == (503, "unknown")
    assert first.took_s < ANSWER_WITHIN_S
    assert (later.status, later.label) == (503, "not_stored")
    assert later.took_s < REPORT_WITHIN_S
    assert ready.status_code == 503


def test_a_repeat_under_its_key_is_the_same_batch(
    kafka: KafkaServer, topic: Topic, ingest: Ingest
) -> None:
    before = set(batch_ids(kafka, topic))
    with kafka.hung():
        first = ingest.post("k")
    for _ in range(2):
        ingest.wait_for("", "k")
    after = batch_ids(kafka, topic)

    assert first.label == "unknown"
    assert len(after) >= len(before) + 2
    assert len(set(after) - before) == 1


def test_a_batch_that_finds_the_queue_full_is_not_stored(
    kafka: KafkaServer, topic: Topic
) -> None:
    full = {"queue.buffering.max.messages": 1}
    with running(kafka, topic, **full) as ingest:
        ingest.wait_for("")
        with kafka.hung(), on_its_way(ingest):
            refused = ingest.post()
            kafka.resume()  # or what is on its way would be waited for

    assert (refused.status, refused.label) == (503, "not_stored")
    assert refused.took_s < REPORT_WITHIN_S


def test_a_topic_that_is_missing_is_named_and_found_once_it_is_there(
    kafka: KafkaServer,
) -> None:
    topic = reactions("late.", partitions=1, retention_bytes=1 << 30)
    with running(kafka, topic) as ingest:
        ingest.wait_until_ready_says(503, topic.name)
        refused = ingest.post()
        kafka.create(topic)
        ingest.wait_for("")

    assert refused.status == 503
    assert refused.took_s < ANSWER_WITHIN_S
