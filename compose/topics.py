"""Kafka's topics, made as their owners describe them."""

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from compose.processes import StepFailed
from ingest.topics import Topic

_ANSWER_WITHIN_S = 20.0


def ensure(
    servers: str,
    topics: Iterable[Topic],
    say: Callable[[str], None],
    *,
    answer_within_s: float = _ANSWER_WITHIN_S,
) -> None:
    """Create the topics that are missing; bring the others' configuration up to date.

    Partitions are left as they are: records would no longer be where their
    readers look for them. A difference is told with `say`.

    Raises:
        StepFailed: If Kafka refuses, or does not answer in time.
    """
    admin = AdminClient({"bootstrap.servers": servers, "log_level": 0})
    try:
        existing = admin.list_topics(timeout=answer_within_s).topics
        for topic in topics:
            if topic.name not in existing:
                _create(admin, topic)
                continue
            _configure(admin, topic)
            found = len(existing[topic.name].partitions)
            if found != topic.partitions:
                say(
                    f"Topic {topic.name} keeps its {found} partitions; the settings"
                    f" ask for {topic.partitions}. `clean` would make it anew."
                )
    except (KafkaException, TimeoutError) as error:
        raise StepFailed(f"Kafka at {servers}: {error}") from error


def _create(admin: AdminClient, topic: Topic) -> None:
    new = NewTopic(topic.name, topic.partitions, config=dict(topic.config))
    _await(admin.create_topics([new]))


def _configure(admin: AdminClient, topic: Topic) -> None:
    """Set what differs from the topic's description, and nothing else."""
    resource = ConfigResource(ResourceType.TOPIC, topic.name)
    (now,) = _await(admin.describe_configs([resource]))
    changes = [
        ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
        for name, value in topic.config.items()
        if name not in now or now[name].value != value
    ]
    if changes:
        wanted = ConfigResource(
            ResourceType.TOPIC, topic.name, incremental_configs=changes
        )
        _await(admin.incremental_alter_configs([wanted]))


def _await(futures: dict[Any, Future[Any]]) -> list[Any]:
    return [future.result(_ANSWER_WITHIN_S) for future in futures.values()]
