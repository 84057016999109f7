"""The Kafka topics that the stream writes."""

from datetime import timedelta

from ingest.topics import Topic

STATE_MAX_BYTES = 16 * 1024 * 1024
"""A room's state at most: every emoji there is in every window still open."""

PULSE_KEY = b"_pulse"
"""Key of the pulse in `frames`; no room can have it (rooms have no underscore)."""

REJECTS_RETENTION_BYTES = 64 * 1024 * 1024
"""Size at which the oldest rejects go: 250 of the largest, or 100,000 small ones."""

_HOUR_MS = int(timedelta(hours=1) / timedelta(milliseconds=1))

_COMPACTED = {
    "cleanup.policy": "compact",
    "compression.type": "lz4",
    "min.cleanable.dirty.ratio": "0.1",
    # Only closed segments are compacted: with Kafka's own 1 GiB and 7 days,
    # whoever reads back from the beginning would read gigabytes.
    "segment.bytes": str(4 * STATE_MAX_BYTES),
    "segment.ms": str(_HOUR_MS),
}


def frames(prefix: str) -> Topic:
    """Describe the frame log: keyed by room, the newest of each kept for ever.

    One partition: the order of a room's frames is then the order of the log, and
    the bridge, its only steady reader, sends no more than the newest few of a room.
    """
    return Topic(
        f"{prefix}frames",
        1,
        {**_COMPACTED, "min.compaction.lag.ms": str(_HOUR_MS)},
    )


def rooms(prefix: str) -> Topic:
    """Describe the stream's memory of each room, keyed by room."""
    return Topic(
        f"{prefix}rooms",
        1,
        {**_COMPACTED, "max.message.bytes": str(STATE_MAX_BYTES)},
    )


def rejects(prefix: str) -> Topic:
    """Describe where records go that were not counted as their senders meant.

    One partition: they can be read in the order in which they were found.
    """
    return Topic(
        f"{prefix}rejects",
        1,
        {
            "compression.type": "lz4",
            "retention.bytes": str(REJECTS_RETENTION_BYTES),
            "retention.ms": "-1",
            # What is open is not deleted: whole segments go, the oldest first.
            "segment.bytes": str(REJECTS_RETENTION_BYTES // 8),
        },
    )
