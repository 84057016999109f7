"""Records that Kafka removes while they are recounted, from a real log."""

import uuid
from collections.abc import Iterator

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from ingest.topics import Topic
from stream.recount.kept import KafkaAway, KeptLog
from tests.integration.kafka_server import KafkaServer

RECORDS = 500
"""More than are read at once."""


@pytest.fixture
def topic(kafka: KafkaServer) -> str:
    """One of a partition, with records in several batches."""
    topic = Topic(f"kept-{uuid.uuid4().hex[:8]}", 1)
    kafka.create(topic)
    producer = Producer({"bootstrap.servers": kafka.servers, "linger.ms": 0})
    for number in range(RECORDS):
        producer.produce(topic.name, b"%d" % number)
        producer.poll(0)
    assert producer.flush(30) == 0
    return topic.name


@pytest.fixture
def log(kafka: KafkaServer) -> Iterator[KeptLog]:
    log = KeptLog(kafka.servers)
    yield log
    log.close()


def remove(kafka: KafkaServer, topic: str, before: int) -> None:
    admin = AdminClient({"bootstrap.servers": kafka.servers})
    for removed in admin.delete_records([TopicPartition(topic, 0, before)]).values():
        removed.result(30)


def test_what_is_kept_is_read_from_offset_to_offset(
    kafka: KafkaServer, topic: str, log: KeptLog
) -> None:
    remove(kafka, topic, 100)

    assert log.bounds(topic) == ({"0": 100}, {"0": RECORDS})
    read = [one.offset() for one in log.messages(topic, {"0": 100}, {"0": 400})]

    assert read == [*range(100, 400)]


def test_what_was_removed_since_it_was_asked_for_is_an_error_and_not_left_out(
    kafka: KafkaServer, topic: str, log: KeptLog
) -> None:
    low, high = log.bounds(topic)
    remove(kafka, topic, 100)

    with pytest.raises(KafkaAway, match=r"has removed what was to be read: try again"):
        list(log.messages(topic, low, high))
