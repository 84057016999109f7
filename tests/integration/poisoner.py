"""Writes poison into the reaction log of a stream, and knows what must become of it."""

from collections import Counter

from confluent_kafka import Consumer, KafkaError, Message, Producer
from confluent_kafka import TopicPartition as At

import stream.topics
from ingest.topics import reactions_name
from stream.reject import Reason, Reject
from tests.integration.log_records import Record
from tests.integration.poison import FINE, POISON
from tests.integration.stream_process import StreamProcess

Where = tuple[int, int]


class Poisoner:
    """Every kind of poison once, and a few records that only look like it.

    Attributes:
        book: What is counted of them, by room.
        expected: Reason and count of each reject, by partition and offset.
    """

    def __init__(self, process: StreamProcess) -> None:
        self.topic = stream.topics.rejects(process.prefix)
        self.book = Counter[str]()
        self.expected: dict[Where, tuple[Reason, int]] = {}
        self._process = process
        self._at: list[Where] = []
        self._producer = Producer({"bootstrap.servers": process.kafka.servers})

    def leave_gaps(self) -> None:
        """Write into the stream's memory what only an operator's tools would."""
        rooms = stream.topics.rooms(self._process.prefix).name
        for key in (b"gone", None):
            self._producer.produce(rooms, None, key)
        assert self._producer.flush(30) == 0

    def write_all(self) -> None:
        for record, counted in FINE:
            self._write(record)
            self.book["final"] += counted
        for record, reason, counted in POISON:
            self.expected[self._write(record)] = (reason, counted)
            self.book["final"] += counted

    def rejected(self) -> list[tuple[Where, tuple[Reason, int]]]:
        """Return what lies in `rejects`, as `expected` has it."""
        return sorted(
            ((each.partition, each.offset), (each.reason, each.counted))
            for each in self._read()
        )

    def counted(self) -> dict[Reason, float]:
        """Return how many the stream's metrics tell of, by reason."""
        name = "stream_rejects_total"
        return {each: self._process.metric(name, reason=each) for each in Reason}

    def _write(self, record: Record) -> Where:
        """Write a record under an id of its own, if it has one that counts."""
        own = f"batch-{len(self._at)}".encode()
        self._producer.produce(
            reactions_name(self._process.prefix),
            record.value,
            record.key,
            headers=[(n, own if v == b"id" else v) for n, v in record.headers or ()],
            partition=len(self._at) % 2,
            on_delivery=self._delivered,
        )
        assert self._producer.flush(30) == 0
        return self._at[-1]

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        assert error is None
        self._at.append((message.partition() or 0, message.offset() or 0))

    def _read(self) -> list[Reject]:
        servers = {"bootstrap.servers": self._process.kafka.servers}
        consumer = Consumer(
            {**servers, "group.id": "tests", "enable.partition.eof": True}
        )
        consumer.assign([At(self.topic.name, 0, 0)])
        read = []
        while (message := consumer.poll(10)) is not None and message.error() is None:
            headers = message.headers()
            assert isinstance(headers, list)
            pairs = [(n, v.encode() if isinstance(v, str) else v) for n, v in headers]
            read.append(Reject.read(None, None, pairs))
        consumer.close()
        return read
