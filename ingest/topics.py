"""What ingest writes to Kafka: its topics, and how long they are kept.

Creating topics is left to `compose`; this module only says what they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

BATCH_ID_HEADER = "batch_id"
"""Identifies the POST: what the stream drops repeats by."""

RECEIVED_AT_HEADER = "received_at_ms"
"""When ingest had read the POST, in milliseconds since the epoch."""

COUNTS_HEADER = "counts"
"""JSON object, emoji → how many of this record: spares the stream the value."""

RECORD_REACTIONS_MAX = 500
"""Reactions in one POST, and so in one record, at most."""

RECORD_MAX_BYTES = 256 * 1024
"""No record's value is longer: a body has 128 KiB at most, and grows by less than 64
bytes a reaction when its emoji are written out."""

NO_ROOM = "-"
"""What is counted where no room is named that there can be; none is called so."""

INTAKE_RETENTION_BYTES = 64 * 1024 * 1024
"""Size at which the oldest words of ingest's workers go: a day of them."""

CHANGES_KEPT = timedelta(days=30)
"""How long it can be read, at least, who changed a room; its newest state for ever."""

_MS = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Topic:
    """A Kafka topic as it should be."""

    name: str
    partitions: int
    config: Mapping[str, str] = field(default_factory=dict)


def reactions_name(prefix: str) -> str:
    """Return the name of the reaction log."""
    return f"{prefix}reactions"


def reactions(prefix: str, *, partitions: int, retention_bytes: int) -> Topic:
    """Describe the reaction log.

    Args:
        prefix: Put before the name, for a Kafka that is shared.
        partitions: How many; one hot room is spread over all of them.
        retention_bytes: Size at which the oldest reactions go, all partitions
            together.
    """
    return Topic(
        reactions_name(prefix),
        partitions,
        {
            # Event time is when Kafka stored it: a phone's clock decides nothing.
            "message.timestamp.type": "LogAppendTime",
            "compression.type": "lz4",
            "retention.bytes": str(retention_bytes // partitions),
            "retention.ms": str(timedelta(days=7) // _MS),
        },
    )


def intake(prefix: str) -> Topic:
    """Describe where each worker of ingest says what it did (`ingest.account`).

    One partition: a worker's words are in the order of their numbers. One that was
    not acknowledged is said again under its number: who reads passes over a number
    that it has.
    """
    return Topic(
        f"{prefix}intake",
        1,
        {
            "message.timestamp.type": "LogAppendTime",
            "compression.type": "lz4",
            "retention.bytes": str(INTAKE_RETENTION_BYTES),
            "retention.ms": str(timedelta(days=1) // _MS),
            # What is open is not deleted: whole segments go, the oldest first.
            "segment.bytes": str(INTAKE_RETENTION_BYTES // 8),
        },
    )


def states(prefix: str) -> Topic:
    """Describe where it is kept what each room takes, keyed by room.

    One partition: the last change of a room is then the last in the log, and a
    record's offset is a version that rises with every change.
    """
    return Topic(
        f"{prefix}states",
        1,
        {
            "cleanup.policy": "compact",
            "message.timestamp.type": "LogAppendTime",
            "min.compaction.lag.ms": str(CHANGES_KEPT // _MS),
        },
    )
