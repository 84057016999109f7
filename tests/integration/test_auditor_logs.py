"""The logs as the auditor reads them from Kafka: in step, and while they last."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewPartitions

from ingest.topics import Topic
from stream.auditor.bounds import KafkaBounds
from stream.auditor.logs import POLL_MAX, Logs
from stream.auditor.source import Away, Kind, Moved, Record
from tests.integration.auditor_process import SOON_S, now_ms, remake
from tests.integration.kafka_server import KafkaServer
from tests.integration.processes import wait_until

HOUR_MS = 3_600_000
RECORDS = 300


@pytest.fixture
def topic(kafka: KafkaServer, tmp_path: Path) -> Topic:
    """Two partitions whose records are as old as a test says."""
    topic = Topic(tmp_path.name, 2, {"message.timestamp.type": "CreateTime"})
    kafka.create(topic)
    return topic


@contextmanager
def reading(kafka: KafkaServer, topic: Topic) -> Iterator[Logs]:
    """Read a topic from its beginning, and look often whether it is what it was."""
    topics = {Kind.REACTIONS: topic.name}
    bounds = KafkaBounds(kafka.servers, topics)
    places = dict.fromkeys(bounds.partitions(), (0, 0))
    logs = Logs(kafka.servers, topics, bounds, places, check_every_s=0)
    try:
        yield logs
    finally:
        logs.close()


def what_moved(logs: Logs) -> str:
    """Return what is said of a log that is not what it was; empty if it is."""
    try:
        logs.look()
    except Away:
        return ""
    except Moved as moved:
        return str(moved)
    return ""


def test_a_partition_far_ahead_waits_for_the_others_and_nothing_of_it_is_lost(
    kafka: KafkaServer, topic: Topic
) -> None:
    producer = Producer({"bootstrap.servers": kafka.servers})
    old, new = (0, b"\0" * 30_000, now_ms() - HOUR_MS), (1, b"", now_ms())
    for partition, value, made_ms in (old, new):
        for _ in range(RECORDS):  # the old ones take many answers, the new ones one
            producer.produce(topic.name, value, partition=partition, timestamp=made_ms)
            producer.poll(0)
    assert producer.flush(SOON_S) == 0
    read: list[Record] = []

    def all_is_read() -> bool:
        read.extend(logs.poll(0.2))
        logs.look()
        return len(read) >= 2 * RECORDS

    with reading(kafka, topic) as logs:
        wait_until(all_is_read, within_s=SOON_S, what="every record")

    for partition in range(2):
        offsets = [one.offset for one in read if one.partition == partition]
        assert offsets == [*range(RECORDS)]
    last_old = max(at for at, one in enumerate(read) if one.partition == 0)
    # One poll may bring new ones before it is seen how far ahead they are.
    assert sum(one.partition == 1 for one in read[:last_old]) <= POLL_MAX


def test_a_partition_that_is_added_ends_the_reading(
    kafka: KafkaServer, topic: Topic
) -> None:
    with reading(kafka, topic) as logs:
        assert what_moved(logs) == ""
        admin = AdminClient({"bootstrap.servers": kafka.servers})
        admin.create_partitions([NewPartitions(topic.name, 3)])[topic.name].result(30)

        wait_until(
            lambda: what_moved(logs) == "a topic has other partitions",
            within_s=SOON_S,
            what="the new partition",
        )


def test_a_topic_that_is_made_anew_ends_the_reading(
    kafka: KafkaServer, topic: Topic
) -> None:
    with reading(kafka, topic) as logs:
        assert what_moved(logs) == ""
        remake(kafka, topic)

        wait_until(
            lambda: what_moved(logs) == "a topic was made anew",
            within_s=SOON_S,
            what="the new topic",
        )
