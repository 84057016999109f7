"""The stream's two logs in Kafka: what it knows of each room, and the frames.

A trigger's states and frames go out in one transaction under one id, so that a
driver which was hung and wakes up can write nothing any more.
"""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicCollection,
)
from confluent_kafka import TopicPartition as At
from confluent_kafka.admin import AdminClient

from stream.frame import Frame, Pulse
from stream.known import batch_of
from stream.topics import PULSE_KEY, STATE_MAX_BYTES
from stream.windows import Offsets, RoomState

log = logging.getLogger(__name__)

_QUIET = {"log_level": 2}
"""librdkafka would say of each failed connection what an exception says once."""

_KAFKA_WAIT_S = 30.0
_POLL_S = 0.1
_TRANSACTION_WAIT_S = 10.0
"""How long a transaction may take: as long as it is open, no frame is read."""


class LogUnavailable(Exception):
    """Kafka did not answer, or took nothing; starting again may help."""


class RoomLog:
    """Writes the states and frames of a trigger, all or nothing."""

    def __init__(
        self, servers: str, *, transactional_id: str, rooms: str, frames: str
    ) -> None:
        """Take the logs over from whoever wrote them before.

        Args:
            servers: Kafka's addresses.
            transactional_id: The same for every driver of these topics.
            rooms: Topic of the states.
            frames: Topic of the frames.

        Raises:
            LogUnavailable: If Kafka does not answer.
        """
        self._rooms, self._frames = rooms, frames
        self._producer = Producer(
            {
                "bootstrap.servers": servers,
                "transactional.id": transactional_id,
                "transaction.timeout.ms": int(_TRANSACTION_WAIT_S * 1000),
                **_QUIET,
                "linger.ms": 0,
                "compression.type": "lz4",
                "message.max.bytes": STATE_MAX_BYTES,
                # Above what one trigger can bring: two for each room there is.
                "queue.buffering.max.messages": 10_000_000,
                "queue.buffering.max.kbytes": 2_097_151,
            },
            logger=log,
        )
        try:
            self._producer.init_transactions(_KAFKA_WAIT_S)
        except KafkaException as error:
            raise LogUnavailable(f"no transactions at {servers}: {error}") from error

    def write(self, states: Mapping[str, RoomState], frames: Sequence[Frame]) -> None:
        """Store all states and frames of one trigger, in this order.

        Raises:
            LogUnavailable: If not all of them were stored: none of them counts.
        """
        try:
            self._producer.begin_transaction()
            for room, state in states.items():
                self._produce(self._rooms, room, state.encode())
            for frame in frames:
                self._produce(self._frames, frame.room, frame.encode())
            self._producer.commit_transaction(_TRANSACTION_WAIT_S)
        except (KafkaException, BufferError) as error:
            raise LogUnavailable(f"trigger not stored: {error}") from error

    def _produce(self, topic: str, room: str, value: bytes) -> None:
        self._producer.produce(topic, value, key=room)
        self._producer.poll(0)  # reports that nobody takes count as queued


class PulseWriter:
    """Writes signs of life beside the frames, waiting for nothing."""

    def __init__(self, servers: str, *, frames: str) -> None:
        self._frames = frames
        self._producer = Producer(
            {
                "bootstrap.servers": servers,
                **_QUIET,
                "linger.ms": 0,
                "message.timeout.ms": 2000,
            },
            logger=log,
        )

    def write(self, pulse: Pulse) -> None:
        """Send `pulse`; one that cannot be stored within 2 s is worth nothing."""
        self._producer.produce(self._frames, pulse.encode(), key=PULSE_KEY)
        self._producer.poll(0)


class LogReader:
    """Reads what lies in Kafka before a query starts."""

    def __init__(self, servers: str) -> None:
        self._admin = AdminClient({"bootstrap.servers": servers, **_QUIET}, logger=log)
        self._consumer = Consumer(
            {
                "bootstrap.servers": servers,
                **_QUIET,
                "group.id": "stream-start",  # required by the client, never joined
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
                "fetch.message.max.bytes": STATE_MAX_BYTES,
            },
            logger=log,
        )

    def close(self) -> None:
        """Let Kafka go."""
        self._consumer.close()

    def states(self, rooms: str) -> dict[str, RoomState]:
        """Return the newest state of every room in topic `rooms`."""
        start, _ = self.bounds(rooms)
        states: dict[str, RoomState] = {}
        for message in self._read(rooms, start):
            key, value = message.key(), message.value()
            if key is None:
                continue
            if value is None:
                states.pop(_text(key), None)
            else:
                states[_text(key)] = RoomState.decode(_bytes(value))
        return states

    def topic_id(self, topic: str) -> str:
        """Return what tells a topic from another one made later under its name."""
        asked = TopicCollection([topic])
        described = self._admin.describe_topics(asked)[topic].result(_KAFKA_WAIT_S)
        return str(described.topic_id)

    def bounds(self, topic: str) -> tuple[Offsets, Offsets]:
        """Return the first offset that is kept and the next to be written."""
        low: Offsets = {}
        high: Offsets = {}
        for partition in self._partitions(topic):
            at = At(topic, partition)
            bounds = self._consumer.get_watermark_offsets(at, _KAFKA_WAIT_S)
            if bounds is None:
                raise LogUnavailable(f"no offsets of {topic}/{partition}")
            low[str(partition)], high[str(partition)] = bounds
        return low, high

    def offsets_at(self, topic: str, time_ms: int) -> Offsets:
        """Return where each partition's records from `time_ms` on begin."""
        # The ends first: a record that comes meanwhile must not be left out.
        _, high = self.bounds(topic)
        asked = [At(topic, int(partition), time_ms) for partition in high]
        found = self._consumer.offsets_for_times(asked, _KAFKA_WAIT_S)
        return {
            str(at.partition): at.offset if at.offset >= 0 else high[str(at.partition)]
            for at in found
        }

    def batch_ids(
        self, topic: str, start: Offsets, end: Offsets
    ) -> list[tuple[str, str]]:
        """Return room and batch id of the records between two positions."""
        ids = []
        wanted = {p: offset for p, offset in start.items() if offset < end.get(p, 0)}
        for message in self._read(topic, wanted, end):
            headers = message.headers()  # a list of what is read, for all they say
            pairs = headers if isinstance(headers, list) else None
            if (batch := batch_of(message.key(), pairs)) is not None:
                ids.append(batch)
        return ids

    def _partitions(self, topic: str) -> list[int]:
        known = self._consumer.list_topics(topic, _KAFKA_WAIT_S).topics[topic]
        if known.error is not None:
            raise LogUnavailable(f"topic {topic}: {known.error}")
        return list(known.partitions)

    def _read(
        self, topic: str, start: Offsets, end: Offsets | None = None
    ) -> Iterator[Message]:
        """Yield each partition's records from `start` to `end` or the log's end."""
        self._consumer.assign([At(topic, int(p), at) for p, at in start.items()])
        unfinished = set(start)
        deadline = time.monotonic() + _KAFKA_WAIT_S
        while unfinished:
            messages = self._consumer.consume(1000, _POLL_S)
            if messages:
                deadline = time.monotonic() + _KAFKA_WAIT_S
            elif time.monotonic() > deadline:
                raise LogUnavailable(f"nothing from {topic} in {_KAFKA_WAIT_S:.0f} s")
            for message in messages:
                partition = str(message.partition())
                if _at_end(message):
                    unfinished.discard(partition)
                elif end is None or _offset(message) < end[partition]:
                    yield message
                else:
                    unfinished.discard(partition)


def _at_end(message: Message) -> bool:
    """Tell whether this is the end of a partition instead of a record."""
    error = message.error()
    if error is None:
        return False
    if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
        return True
    raise LogUnavailable(str(error))


def _offset(message: Message) -> int:
    offset = message.offset()
    return -1 if offset is None else offset


def _bytes(raw: str | bytes) -> bytes:
    return raw.encode() if isinstance(raw, str) else raw


def _text(raw: str | bytes) -> str:
    return raw if isinstance(raw, str) else raw.decode()
