"""What Kafka still holds: its bounds, and its records from one offset to another."""

import logging
import time
from collections.abc import Iterator, Mapping

from confluent_kafka import Consumer, KafkaError, KafkaException, Message
from confluent_kafka import TopicPartition as At

from stream.recount.claims import Offsets

log = logging.getLogger(__name__)

_ANSWER_WITHIN_S = 10.0
_POLL_S = 0.1
_AT_ONCE = 100
_AHEAD_KB = 16_384
"""What is fetched ahead of what was read, of each partition at most."""

_AT_END = KafkaError._PARTITION_EOF  # noqa: SLF001 - its public name


class KafkaAway(Exception):
    """Kafka did not answer, or has no such topic."""


class KeptLog:
    """Reads without a group: nobody is disturbed, and nothing is remembered."""

    def __init__(self, servers: str) -> None:
        self._servers = servers
        self._consumer = Consumer(
            {
                "bootstrap.servers": servers,
                "group.id": "emostream-recount",  # asked for, but no group is joined
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "error",  # nothing is left out in silence
                "queued.max.messages.kbytes": _AHEAD_KB,
                "fetch.queue.backoff.ms": 10,  # a second, if not said
                "log_level": 0,
            },
            logger=log,
        )

    def close(self) -> None:
        """Let Kafka go."""
        self._consumer.close()

    def bounds(self, topic: str) -> tuple[Offsets, Offsets]:
        """Return the first offset that is kept and the next to be written.

        Raises:
            KafkaAway: If they cannot be had.
        """
        low: Offsets = {}
        high: Offsets = {}
        try:
            for partition in self._partitions(topic):
                at = At(topic, partition)
                found = self._consumer.get_watermark_offsets(at, _ANSWER_WITHIN_S)
                if found is None:
                    raise self._away(topic)
                low[str(partition)], high[str(partition)] = found
        except KafkaException as error:
            raise self._away(topic) from error
        return low, high

    def offsets_at(self, topic: str, time_ms: int) -> Offsets:
        """Return where each partition's records from `time_ms` on begin.

        Raises:
            KafkaAway: If that cannot be had.
        """
        _, high = self.bounds(topic)  # first: what comes meanwhile is not left out
        asked = [At(topic, int(partition), time_ms) for partition in high]
        try:
            found = self._consumer.offsets_for_times(asked, _ANSWER_WITHIN_S)
        except KafkaException as error:
            raise self._away(topic) from error
        return {
            str(at.partition): at.offset if at.offset >= 0 else high[str(at.partition)]
            for at in found
        }

    def oldest_ms(self, topic: str) -> int | None:
        """Return when all that was stored since is still kept; None if nothing is.

        Of a partition that has lost nothing everything is kept.

        Raises:
            KafkaAway: If it cannot be read.
        """
        low, high = self.bounds(topic)
        oldest_ms = None
        for partition in low:
            if 0 < low[partition] < high[partition]:
                only = {partition: low[partition]}
                first = next(self.messages(topic, only, high))
                oldest_ms = max(oldest_ms or 0, first.timestamp()[1])
        return oldest_ms

    def values(self, topic: str, start: Offsets) -> Iterator[tuple[bytes, bytes]]:
        """Yield key and value of each record from `start` to the log's end.

        An empty value is one that was deleted.

        Raises:
            KafkaAway: If there is more, and it does not come.
        """
        _, high = self.bounds(topic)
        for message in self.messages(topic, start, high):
            yield _bytes(message.key()), _bytes(message.value())

    def messages(
        self, topic: str, start: Mapping[str, int], end: Mapping[str, int]
    ) -> Iterator[Message]:
        """Yield each record from offset to offset, the end left out.

        Raises:
            KafkaAway: If there is more, and it does not come.
        """
        unfinished = {p for p, offset in start.items() if offset < end[p]}
        self._consumer.assign([At(topic, int(p), start[p]) for p in unfinished])
        deadline_s = time.monotonic() + _ANSWER_WITHIN_S
        while unfinished:
            messages = self._consumer.consume(_AT_ONCE, _POLL_S)
            if messages:
                deadline_s = time.monotonic() + _ANSWER_WITHIN_S
            elif time.monotonic() > deadline_s:
                raise self._away(topic)
            for message in messages:
                partition = str(message.partition())
                error = message.error()
                if error is not None and error.code() != _AT_END:
                    raise self._unread(error)
                if error is not None or (message.offset() or 0) >= end[partition]:
                    unfinished.discard(partition)
                else:
                    yield message

    def _partitions(self, topic: str) -> list[int]:
        known = self._consumer.list_topics(topic, _ANSWER_WITHIN_S).topics[topic]
        if known.error is not None:
            raise KafkaAway(
                f"Kafka at {self._servers} has no topic {topic}: `up` makes it."
            )
        return list(known.partitions)

    def _unread(self, error: KafkaError) -> KafkaAway:
        if error.code() == KafkaError._AUTO_OFFSET_RESET:  # noqa: SLF001 - public
            return KafkaAway("Kafka has removed what was to be read: try again.")
        return KafkaAway(f"Kafka at {self._servers}: {error.str()}")

    def _away(self, topic: str) -> KafkaAway:
        return KafkaAway(
            f"Kafka at {self._servers} does not answer for {topic}:"
            " `status` says what is wrong."
        )


def _bytes(raw: str | bytes | None) -> bytes:
    return raw.encode() if isinstance(raw, str) else raw or b""
