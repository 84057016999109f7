"""A topic of a reference's own, on the system's Kafka, shaped as `reactions` is."""

from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from compose.settings import Settings
from ingest.topics import reactions

_WITHIN_S = 30
_RETENTION_BYTES = 4 * 1024**3


@contextmanager
def own_topic(settings: Settings, name: str) -> Iterator[str]:
    """Create a topic, yield its full name, and delete it with its block.

    Args:
        settings: The system's: its Kafka, and how many partitions are usual there.
        name: What tells it from other references' topics.
    """
    topic = reactions(
        f"{settings.kafka_topic_prefix}reference-{name}-",
        partitions=settings.reactions_partitions,
        retention_bytes=_RETENTION_BYTES,
    )
    admin = AdminClient({"bootstrap.servers": settings.bootstrap_servers})
    new = NewTopic(topic.name, topic.partitions, 1, config=dict(topic.config))
    admin.create_topics([new])[topic.name].result(_WITHIN_S)
    try:
        yield topic.name
    finally:
        admin.delete_topics([topic.name])[topic.name].result(_WITHIN_S)
