"""A bare produce loop: what Kafka and its client take when nobody waits for answers.

Records, compression and acknowledgements are ingest's; the topic is the reference's.
"""

import os
import secrets
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Self

from confluent_kafka import KafkaError, Message, Producer

from compose.settings import Settings
from ingest.kafka_sink import producer_config
from ingest.topics import BATCH_ID_HEADER
from tests.load.child import ask, serve
from tests.load.cpu import CpuMeter, listener_on
from tests.load.measured import Failed, ReferenceRun
from tests.load.references import samples
from tests.load.references.kafka_topic import own_topic

PER_RECORD = 100
"""Reactions in a record."""

PRODUCER = "producer"
KAFKA = "kafka"

_KINDS = 64
"""Different records: together more than what lz4 looks back on."""

_QUEUE_RECORDS = 20_000
_QUEUE_KIB = 256 * 1024
_REPORT_WITHIN_S = 60
_RECORDS_MAX = 200_000
"""About half a gigabyte on the disk."""


class RecordLost(Failed):
    """Kafka did not acknowledge a record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """What to produce: for so long, but no more than so many records."""

    servers: str
    topic: str
    linger_ms: int
    seconds: float
    records_max: int = _RECORDS_MAX
    warmup_records: int = 500
    """Before them; stored as well."""

    metered: Mapping[str, int]
    """Whose CPU time to measure, too: name → process id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What came of it, until the last record was acknowledged."""

    records: int
    seconds: float
    cores: Mapping[str, float]


def kafka_pids(settings: Settings) -> dict[str, int]:
    """Return the id of our own Kafka; of one run elsewhere nothing can be measured."""
    return {} if settings.kafka_servers else {KAFKA: listener_on(settings.kafka_port)}


def produce(order: Fill) -> Filled:
    """Produce as fast as the client takes records.

    Raises:
        RecordLost: If one was not acknowledged.
    """
    config = producer_config(
        order.servers,
        linger_ms=order.linger_ms,
        queue_records=_QUEUE_RECORDS,
        queue_kib=_QUEUE_KIB,
    )
    # A full queue is the usual state here, and nobody waits for an answer.
    config["message.timeout.ms"] = _REPORT_WITHIN_S * 1000
    loop = _ProduceLoop(Producer(config), order.topic)
    loop.run(seconds=order.seconds, records_max=order.warmup_records)
    with CpuMeter({**order.metered, PRODUCER: os.getpid()}) as meter:
        records = loop.run(seconds=order.seconds, records_max=order.records_max)
    return Filled(records=records, seconds=meter.seconds, cores=meter.cores)


class _ProduceLoop:
    def __init__(self, producer: Producer, topic: str) -> None:
        self._producer, self._topic = producer, topic
        batches = [samples.batch(PER_RECORD) for _ in range(_KINDS)]
        self._kinds = [(one.value(), dict(one.headers())) for one in batches]
        self._failure: KafkaError | None = None

    def run(self, *, seconds: float, records_max: int) -> int:
        """Produce, wait for the reports, and return how many records there were."""
        until_s = time.perf_counter() + seconds
        run_id, made = secrets.token_hex(8), 0
        while made < records_max and time.perf_counter() < until_s:
            self._put(made, f"{run_id}{made:016x}")
            made += 1
        left = self._producer.flush(_REPORT_WITHIN_S)
        if left or self._failure is not None:
            raise RecordLost(f"{left} without a report; {self._failure}")
        return made

    def _put(self, number: int, batch_id: str) -> None:
        value, headers = self._kinds[number % _KINDS]
        named = [*{**headers, BATCH_ID_HEADER: batch_id}.items()]
        while True:
            try:
                self._producer.produce(
                    self._topic,
                    value,
                    samples.ROOM,
                    headers=named,
                    on_delivery=self._on_delivery,
                )
            except BufferError:
                self._producer.poll(0.01)
            else:
                self._producer.poll(0)
                return

    def _on_delivery(self, error: KafkaError | None, _: Message) -> None:
        self._failure = self._failure or error


class ProduceLoop:
    """confluent-kafka in a loop, records of 100 reactions."""

    name = "produce-loop"
    title = "A bare confluent-kafka produce loop"
    unit = "reaction"
    beside_system = True

    def __init__(self, settings: Settings) -> None:
        """Produce to the Kafka of the system that runs with these settings."""
        self._settings = settings
        self._stack = ExitStack()
        self._topic = ""

    def __enter__(self) -> Self:
        """Create the topic."""
        self._topic = self._stack.enter_context(own_topic(self._settings, "produce"))
        return self

    def __exit__(self, *_: object) -> None:
        """Delete the topic."""
        self._stack.close()

    def measure(self, seconds: float) -> ReferenceRun:
        """Produce for so long."""
        order = Fill(
            servers=self._settings.bootstrap_servers,
            topic=self._topic,
            linger_ms=self._settings.producer_linger_ms,
            seconds=seconds,
            metered=kafka_pids(self._settings),
        )
        done = ask(
            "tests.load.references.produce_loop",
            order,
            Filled,
            within_s=seconds + 3 * _REPORT_WITHIN_S,
        )
        cores, rate_per_s = sum(done.cores.values()), done.records / done.seconds
        return ReferenceRun(
            name=self.name,
            unit=self.unit,
            rate_per_s=rate_per_s * PER_RECORD,
            cpu_cores=cores,
            per_core_s=rate_per_s * PER_RECORD / cores,
            details={
                "records_per_s": rate_per_s,
                "reactions_per_record": PER_RECORD,
                **{f"{name}_cores": used for name, used in done.cores.items()},
            },
        )


if __name__ == "__main__":
    serve(Fill, produce)
