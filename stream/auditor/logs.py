"""The logs in Kafka, read from given offsets on.

No group keeps the offsets, the books do. While Kafka is away nothing comes, and
nothing ends because of it.
"""

import logging
import time
from collections.abc import Mapping
from datetime import timedelta

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from stream.auditor import metrics
from stream.auditor.bounds import KafkaBounds
from stream.auditor.source import Away, Kind, Look, Moved, Place, Record

log = logging.getLogger(__name__)

POLL_MAX = 100
"""Records of one poll: 256 KiB each at most, 35 KiB if each holds 500 reactions."""

APART_MAX_MS = round(timedelta(minutes=2) / timedelta(milliseconds=1))
"""So much may one partition be read ahead of another: what is remembered of batches
lasts from the one to the other."""

LOOK_WITHIN_S = 2.0
"""Kafka is away if it does not say by then where a log ends."""

CHECK_EVERY_S = 60.0

_AT_END = KafkaError._PARTITION_EOF  # noqa: SLF001 - its public name
_ALL_DOWN = KafkaError._ALL_BROKERS_DOWN  # noqa: SLF001 - its public name
_GONE = {
    KafkaError._AUTO_OFFSET_RESET,  # noqa: SLF001 - its public name
    KafkaError.OFFSET_OUT_OF_RANGE,
}


class Logs:
    """Reads every partition of some topics, committed records only.

    Args:
        servers: Kafka's addresses.
        topics: The topic of each `Kind`.
        bounds: Where they begin and end.
        places: Offset to read each partition from, and the newest time before it.
        check_every_s: How soon it is noticed that a topic has other partitions, or was
            made anew.
    """

    def __init__(
        self,
        servers: str,
        topics: Mapping[str, str],
        bounds: KafkaBounds,
        places: Mapping[Place, tuple[int, int]],
        *,
        check_every_s: float = CHECK_EVERY_S,
    ) -> None:
        self._topics, self._bounds = {**topics}, bounds
        self._kinds = {topic: kind for kind, topic in topics.items()}
        self._ids = bounds.ids()
        self._check_every_s = check_every_s
        self._check_s = time.monotonic() + check_every_s
        self._next = {place: offset for place, (offset, _) in places.items()}
        self._newest_ms = {place: newest_ms for place, (_, newest_ms) in places.items()}
        self._paused: set[Place] = set()
        self._consumer = Consumer(
            {
                "bootstrap.servers": servers,
                "group.id": "auditor",  # required by the client, never joined
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                # Where a log was cut, that has to be said, not passed over.
                "auto.offset.reset": "error",
                # A few large answers a second instead of hundreds of small ones.
                "fetch.min.bytes": 1024**2,
                "fetch.wait.max.ms": 250,
                "fetch.max.bytes": 2 * 1024**2,
                "queued.max.messages.kbytes": 2 * 1024,
                "reconnect.backoff.max.ms": 1000,
                "error_cb": self._note,
                "log_level": 0,
            }
        )
        self._consumer.assign(
            [
                TopicPartition(self._topics[kind], partition, offset)
                for (kind, partition), offset in self._next.items()
            ]
        )

    def ends(self) -> dict[Place, int]:
        """Return the next offset to be written of each partition.

        Raises:
            Away: If Kafka does not answer.
        """
        return self._bounds.ends(self._next, within_s=LOOK_WITHIN_S)

    def positions(self) -> dict[Place, int]:
        """Return the offset to read on from; behind what is no record, too."""
        return {**self._next}

    def poll(self, timeout_s: float) -> list[Record]:
        """Return the next records, each partition's in its order.

        Raises:
            Moved: If a log does not go on where it was read to.
        """
        messages = self._consumer.consume(POLL_MAX, timeout_s)
        return [record for message in messages if (record := self._record(message))]

    def look(self) -> Look:
        """Ask where the logs end; keep partitions together that are far apart.

        Raises:
            Away: If Kafka does not answer.
            Moved: If a topic is not what it was.
        """
        now_ms = time.time_ns() // 1_000_000
        try:
            ends = self.ends()
            self._check()
        except Away:
            metrics.KAFKA_UP.set(0)
            raise
        metrics.KAFKA_UP.set(1)
        behind = {place for place, end in ends.items() if self._next[place] < end}
        self._keep_together(behind)
        through_ms = {
            place: self._newest_ms[place] if place in behind else now_ms
            for place in self._next
        }
        return Look(now_ms, through_ms, behind)

    def close(self) -> None:
        """Let Kafka go."""
        self._consumer.close()

    def _check(self) -> None:
        if time.monotonic() < self._check_s:
            return
        self._check_s = time.monotonic() + self._check_every_s
        if self._bounds.ids() != self._ids:
            raise Moved("a topic was made anew")
        if self._bounds.partitions() != self._next.keys():
            raise Moved("a topic has other partitions")

    def _keep_together(self, behind: set[Place]) -> None:
        """Let the partitions of reactions wait that are far ahead of the slowest."""
        slow = {p: self._newest_ms[p] for p in behind if p[0] == Kind.REACTIONS}
        bound_ms = min(slow.values(), default=0) + APART_MAX_MS
        ahead = {place for place, newest_ms in slow.items() if newest_ms > bound_ms}
        if paused := ahead - self._paused:
            self._consumer.pause([self._at(place) for place in paused])
        if resumed := self._paused - ahead:
            self._consumer.resume([self._at(place) for place in resumed])
        self._paused = ahead

    def _record(self, message: Message) -> Record | None:
        """Return the record, if the message is one and not a sign of something."""
        topic, error = message.topic() or "", message.error()
        place = (self._kinds.get(topic, ""), message.partition() or 0)
        offset = message.offset() or 0
        if error is not None:
            if error.code() == _AT_END:
                self._next[place] = max(self._next[place], offset)
            elif error.code() in _GONE:
                raise Moved(f"{topic}/{place[1]}: {error.str()}")
            else:
                self._note(error)
            return None
        _, appended_ms = message.timestamp()
        self._next[place] = offset + 1
        self._newest_ms[place] = max(self._newest_ms[place], appended_ms)
        headers = message.headers()
        return Record(
            *place,
            offset,
            appended_ms,
            _raw(message.key()),
            _raw(message.value()),
            headers if isinstance(headers, list) else None,
        )

    def _at(self, place: Place) -> TopicPartition:
        return TopicPartition(self._topics[place[0]], place[1])

    def _note(self, error: KafkaError) -> None:
        if error.fatal():
            raise KafkaException(error)
        if error.code() == _ALL_DOWN:
            metrics.KAFKA_UP.set(0)


def _raw(data: str | bytes | None) -> bytes | None:
    return data.encode() if isinstance(data, str) else data
