"""Kafka's topics, in a real Kafka."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from compose import topics
from compose.processes import StepFailed
from compose.settings import Settings
from compose.topology import topic_list
from ingest.topics import Topic
from tests.integration.kafka_server import KafkaServer
from tests.integration.processes import LOOPBACK, free_port, wait_until

SOON_S = 30


class Told:
    """Remembers what was said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, text: str) -> None:
        self.lines.append(text)


def config(kafka: KafkaServer, topic: str) -> Mapping[str, str]:
    admin = AdminClient({"bootstrap.servers": kafka.servers, "log_level": 0})
    resource = ConfigResource(ResourceType.TOPIC, topic)
    entries = admin.describe_configs([resource])[resource].result(20)
    return {name: entry.value for name, entry in entries.items()}


def partitions(kafka: KafkaServer, topic: str) -> int:
    """Return how many it has; none where Kafka does not show it yet."""
    admin = AdminClient({"bootstrap.servers": kafka.servers, "log_level": 0})
    about = admin.list_topics(timeout=20).topics.get(topic)
    return 0 if about is None else len(about.partitions)


def ensure(kafka: KafkaServer, *wanted: Topic) -> None:
    """Ensure topics and wait until Kafka shows them: that comes a moment later."""
    topics.ensure(kafka.servers, wanted, Told())
    for topic in wanted:
        wait_until(partial(shows, kafka, topic), within_s=SOON_S, what=topic.name)


def shows(kafka: KafkaServer, topic: Topic) -> bool:
    if partitions(kafka, topic.name) != topic.partitions:
        return False
    return config(kafka, topic.name).items() >= dict(topic.config).items()


def test_topics_are_made_as_their_owners_describe_them(
    kafka: KafkaServer, tmp_path: Path
) -> None:
    settings = Settings(state_dir=tmp_path, kafka_topic_prefix="made-")
    wanted = topic_list(settings)

    ensure(kafka, *wanted)

    assert {topic.name for topic in wanted} == {
        "made-reactions",
        "made-intake",
        "made-states",
        "made-frames",
        "made-rooms",
        "made-rejects",
    }


def test_a_second_time_changes_nothing(kafka: KafkaServer) -> None:
    topic, told = Topic("twice", 1, {"retention.ms": "1000"}), Told()
    ensure(kafka, topic)

    topics.ensure(kafka.servers, [topic], told)

    assert told.lines == []


def test_a_changed_description_is_applied_and_the_rest_left(kafka: KafkaServer) -> None:
    before = {"retention.ms": "1000", "max.message.bytes": "9999"}
    ensure(kafka, Topic("changed", 1, before))

    ensure(kafka, Topic("changed", 1, {"retention.ms": "2000"}))

    now = config(kafka, "changed")
    assert (now["retention.ms"], now["max.message.bytes"]) == ("2000", "9999")


def test_partitions_are_kept_and_the_difference_is_told(kafka: KafkaServer) -> None:
    ensure(kafka, Topic("kept", 1))
    told = Told()

    topics.ensure(kafka.servers, [Topic("kept", 4)], told)

    assert partitions(kafka, "kept") == 1
    assert told.lines[0].startswith("Topic kept keeps its 1 partitions; the settings")


def test_a_description_that_kafka_refuses_is_told(kafka: KafkaServer) -> None:
    bad = Topic("refused", 1, {"cleanup.policy": "sometimes"})

    with pytest.raises(StepFailed, match=r"cleanup\.policy"):
        topics.ensure(kafka.servers, [bad], Told())


def test_a_kafka_that_is_away_is_told_with_its_address() -> None:
    servers = f"{LOOPBACK}:{free_port()}"

    with pytest.raises(StepFailed, match=servers):
        topics.ensure(servers, [Topic("any", 1)], Told(), answer_within_s=1)
