"""A log in Kafka, read from its beginning and then on and on.

Every start reads back what is kept, so the committed offsets only tell others how
far a reader is. Nothing here ends because Kafka is away: it comes back. What the
records mean is their readers' business.
"""

import time
from dataclasses import dataclass

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from ingest.outage import Outage

POLL_MAX = 1000
"""Records of one poll: a reader may look for the newest of each key among them."""

_AT_END = KafkaError._PARTITION_EOF  # noqa: SLF001 - its public name
_ONE_CONNECTION = KafkaError._TRANSPORT  # noqa: SLF001 - its public name
"""Ended; if it was the last one, librdkafka says so by itself."""

_ASK_WITHIN_S = 1.0
_ASK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Record:
    """One record and its place in the log; `appended_ms` is Kafka's time, if it has."""

    key: bytes | None
    value: bytes | None
    partition: int
    offset: int
    appended_ms: int


class KafkaLog:
    """Polls every partition of one topic, committed transactions only.

    Args:
        servers: Addresses of Kafka.
        topic: What is read.
        group: Under what name it commits, if it does.
        outage: Told when Kafka is away, and when it answers.
    """

    def __init__(self, servers: str, *, topic: str, group: str, outage: Outage) -> None:
        self._topic, self._outage = topic, outage
        self._unread: set[int] | None = None
        self._next: dict[int, int] = {}
        self._ask_at_s = 0.0
        self._consumer = Consumer(
            {
                "bootstrap.servers": servers,
                "group.id": group,
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                # Only where the topic was made anew: begin with it.
                "auto.offset.reset": "earliest",
                "reconnect.backoff.ms": 100,
                "reconnect.backoff.max.ms": 5000,
                "fetch.error.backoff.ms": 100,
                "error_cb": self._note,
                # Its own log has a line for every try to connect.
                "log_level": 0,
            }
        )

    @property
    def caught_up(self) -> bool:
        """Whether what lay in the log at the start has been polled."""
        return self._unread is not None and not self._unread

    @property
    def is_away(self) -> bool:
        """Whether Kafka did not answer when it was last heard of."""
        return self._outage.is_on

    def poll(self, timeout_s: float) -> list[Record]:
        """Return the records that came, oldest first; none after `timeout_s`.

        Raises:
            KafkaException: If Kafka refuses for good.
        """
        if self._unread is None:
            self._unread = self._assign()
        first = self._consumer.poll(timeout_s)
        if first is None:
            self._ask()
            return []
        messages = [first, *self._consumer.consume(POLL_MAX - 1, 0)]
        return [record for message in messages if (record := self._record(message))]

    def commit(self) -> None:
        """Remember that everything polled so far is done; does not wait."""
        if not self._next:
            return
        offsets = [
            TopicPartition(self._topic, partition, offset)
            for partition, offset in self._next.items()
        ]
        self._consumer.commit(offsets=offsets, asynchronous=True)
        self._next.clear()

    def close(self) -> None:
        """Let Kafka go; while it is away there is nobody to take leave of."""
        if not self._outage.is_on:
            self._consumer.close()

    def _assign(self) -> set[int] | None:
        """Take every partition from its beginning; None if Kafka does not answer."""
        try:
            found = self._consumer.list_topics(self._topic, _ASK_WITHIN_S)
        except KafkaException as error:
            self._note(error.args[0])
            return None
        described = found.topics[self._topic]
        if described.error is not None:
            self._outage.lasts(f"{self._topic}: {described.error.name()}")
            return None
        partitions = list(described.partitions)
        self._consumer.assign(
            [
                TopicPartition(self._topic, partition, OFFSET_BEGINNING)
                for partition in partitions
            ]
        )
        return set(partitions)

    def _ask(self) -> None:
        """Ask for Kafka while it is away: of a log without news nothing else tells."""
        if not self._outage.is_on or time.monotonic() < self._ask_at_s:
            return
        self._ask_at_s = time.monotonic() + _ASK_EVERY_S
        try:
            found = [
                self._consumer.get_watermark_offsets(place, _ASK_WITHIN_S)
                for place in self._consumer.assignment()
            ]
        except KafkaException:
            return
        if found and all(found):  # None is no answer
            self._outage.ended()

    def _record(self, message: Message) -> Record | None:
        """Return the record, if the message is one and not a sign of something."""
        partition, error = message.partition() or 0, message.error()
        if error is not None and error.code() != _AT_END:
            self._note(error)
            return None
        self._outage.ended()
        if error is not None:
            if self._unread:
                self._unread.discard(partition)
            return None
        offset = message.offset() or 0
        self._next[partition] = offset + 1
        _, appended_ms = message.timestamp()
        key, value = _raw(message.key()), _raw(message.value())
        return Record(key, value, partition, offset, appended_ms)

    def _note(self, error: KafkaError) -> None:
        if error.fatal():
            raise KafkaException(error)
        if error.code() != _ONE_CONNECTION:
            self._outage.lasts(error.name())


def _raw(data: str | bytes | None) -> bytes | None:
    return data.encode() if isinstance(data, str) else data
