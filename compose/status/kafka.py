"""How far the readers of Kafka's topics are behind, measured at Kafka.

The readers are not asked: one may hang, or be gone. Where the stream is stands in
its checkpoint (Spark commits no offsets), where the bridge is in Kafka.
"""

import time
from contextlib import closing

from confluent_kafka import (
    Consumer,
    IsolationLevel,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec

import stream.topics
from compose.settings import Settings
from compose.status.facts import KafkaFacts, Lag
from compose.topology import topic_list
from ingest.topics import reactions_name
from stream.checkpoint import BadCheckpoint, Checkpoint
from stream.epoch import Epoch
from stream.windows import Offsets

_ANSWER_WITHIN_S = 2.0
_READ_WITHIN_S = 2.0

_EARLIEST = OffsetSpec.earliest()  # type: ignore[no-untyped-call]  # not annotated
_LATEST = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # not annotated

# A new one for each topic: one that is given a second topic looks for it only a
# second later.
_READER = {
    "group.id": "emostream-status",  # required by the client, never joined
    "isolation.level": "read_committed",
    "enable.auto.commit": False,
    "enable.partition.eof": True,
    "auto.offset.reset": "earliest",
    "queued.min.messages": 1,
    "fetch.wait.max.ms": 10,  # what is not there is not waited for
}


def look(settings: Settings) -> KafkaFacts:
    """Ask Kafka; takes ten seconds at most, and usually a tenth of one."""
    prefix = settings.kafka_topic_prefix
    topics, group = topic_list(settings), f"{prefix}bridge"
    log = _Log(settings.bootstrap_servers)
    try:
        there = log.topics()
        missing = tuple(one.name for one in topics if one.name not in there)
        if missing:
            return KafkaFacts(problem=None, missing_topics=missing)
        frames = stream.topics.frames(prefix).name
        return KafkaFacts(
            problem=None,
            stream_lag=_stream_lag(log, settings),
            bridge_lag=log.lag(frames, log.committed(frames, group=group)),
        )
    except KafkaException as error:
        said = error.args[0].str().rpartition(": ")[2]
        return KafkaFacts(problem=f"{settings.bootstrap_servers}: {said}")


def _stream_lag(log: "_Log", settings: Settings) -> Lag | None:
    """Return how far the stream is; None where it has not begun, or cannot be read."""
    epoch = Epoch.read_beside(settings.stream_dir)
    if epoch is None:
        return None
    topic = reactions_name(settings.kafka_topic_prefix)
    try:
        done = Checkpoint(settings.stream_dir).done(topic, epoch)
    except BadCheckpoint:
        return None  # it begins a new epoch at its next start, and says so
    return log.lag(topic, done)


class _Log:
    """Kafka's topics, as one who only looks sees them."""

    def __init__(self, servers: str) -> None:
        self._servers: dict[str, str | int | float | bool] = {
            "bootstrap.servers": servers,
            "log_level": 0,  # what is wrong is said by exceptions
        }
        self._admin = AdminClient(self._servers)

    def topics(self) -> set[str]:
        """Return the names of all topics."""
        return {*self._admin.list_topics(timeout=_ANSWER_WITHIN_S).topics}

    def committed(self, topic: str, *, group: str) -> Offsets:
        """Return what a group has committed, where it has."""
        asked = [TopicPartition(topic, partition) for partition in self._ids(topic)]
        with closing(Consumer({**self._servers, "group.id": group})) as consumer:
            found = consumer.committed(asked, _ANSWER_WITHIN_S)
        return {str(at.partition): at.offset for at in found if at.offset >= 0}

    def lag(self, topic: str, position: Offsets) -> Lag:
        """Return how far a reader that has read up to `position` is behind."""
        low, high = self._bounds(topic, _EARLIEST), self._bounds(topic, _LATEST)
        unread = {p: max(position.get(p, 0), low[p]) for p in low}
        unread = {p: offset for p, offset in unread.items() if offset < high[p]}
        lost = sum(
            max(0, low[p] - offset) for p, offset in position.items() if p in low
        )
        records = sum(high[p] - offset for p, offset in unread.items())
        firsts = self._firsts(topic, unread)
        if firsts is not None and not firsts:  # only the marks of transactions
            records = 0
        return Lag(records=records, behind_s=_age_s(firsts), lost_records=lost)

    def _ids(self, topic: str) -> list[int]:
        about = self._admin.list_topics(topic, timeout=_ANSWER_WITHIN_S).topics[topic]
        return [*about.partitions]

    def _bounds(self, topic: str, which: OffsetSpec) -> Offsets:
        asked = {TopicPartition(topic, p): which for p in self._ids(topic)}
        answers = self._admin.list_offsets(
            asked,
            isolation_level=IsolationLevel.READ_COMMITTED,
            request_timeout=_ANSWER_WITHIN_S,
        )
        return {str(at.partition): f.result().offset for at, f in answers.items()}

    def _firsts(self, topic: str, unread: Offsets) -> list[int] | None:
        """Return when each partition's first unread record was written.

        Returns:
            Milliseconds since the epoch; None if Kafka took too long to tell.
        """
        waiting = set(unread)
        found: list[int] = []
        deadline = time.monotonic() + _READ_WITHIN_S
        with closing(Consumer({**self._servers, **_READER})) as consumer:
            consumer.assign(
                [TopicPartition(topic, int(p), offset) for p, offset in unread.items()]
            )
            while waiting:
                message = consumer.poll(max(0, deadline - time.monotonic()))
                if message is None:
                    return found or None
                if str(message.partition()) in waiting:
                    waiting.discard(str(message.partition()))
                    found += [] if message.error() else [message.timestamp()[1]]
        return found


def _age_s(firsts: list[int] | None) -> float | None:
    """Return how long ago the oldest was written; 0 where there is none."""
    if firsts is None:
        return None
    return max(0.0, time.time() - min(firsts) / 1000) if firsts else 0.0
