"""Puts batches into the reaction log, and tells for each what became of it.

One producer a worker, made after the fork. Reading requests and answering them
is left to `ingest.app`.
"""

import logging
import math
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from ingest import metrics
from ingest.batch import Batch
from ingest.kafka_link import KafkaLink
from ingest.refusal import NotStored, OutcomeUnknown

REPORT_WITHIN_S = 3.5
"""How long a batch may stay without a report; every answer comes within 5 s, also
one that waits for the worker to end."""

SLOW_AFTER_S = 0.5
"""Kafka is slow when it has reported nothing for so long while all slots are taken."""

PROBE_WITHIN_S = 0.5
PROBE_EVERY_S = 0.25
"""How often Kafka is looked for while it is away."""

CLOSE_WITHIN_S = 1.0

_STORED = metrics.BATCHES.labels("stored")

log = logging.getLogger(__name__)

OnDelivery = Callable[[KafkaError | None, Message], None]


class RecordProducer(Protocol):
    """What is used of `confluent_kafka.Producer`."""

    def produce(
        self,
        topic: str,
        value: bytes,
        key: str,
        *,
        on_delivery: OnDelivery,
        headers: list[tuple[str, str | bytes | None]],
    ) -> None:
        """Queue a record; its report comes from within `poll` or `flush`."""
        ...

    def poll(self, timeout: float) -> int:
        """Hand out what there is to report, after `timeout` seconds at most."""
        ...

    def flush(self, timeout: float) -> int:
        """Send all that is queued; return how many are not reported yet."""
        ...

    def list_topics(self, topic: str, timeout: float) -> Any:  # noqa: ANN401 - as theirs
        """Ask Kafka what it knows of `topic`."""
        ...


def producer_config(
    servers: str,
    *,
    linger_ms: int,
    queue_records: int = 4096,
    queue_kib: int = 64 * 1024,
) -> dict[str, Any]:
    """Return the configuration of a worker's producer.

    Args:
        servers: Addresses of Kafka.
        linger_ms: How long it gathers records before it sends them, 500 at most.
        queue_records: Records that may wait for Kafka, beyond them a batch is
            refused; far more than the threads that wait for a report.
        queue_kib: The same as size.
    """
    return {
        "bootstrap.servers": servers,
        "client.id": "emostream-ingest",
        "acks": "all",
        "enable.idempotence": True,
        # With more, librdkafka's idempotent producer spins while Kafka is slow: up to
        # 0.8 core. What waits meanwhile goes out together.
        "max.in.flight.requests.per.connection": 1,
        "compression.type": "lz4",
        # By key, a hot room would have one partition to itself.
        "partitioner": "random",
        "linger.ms": linger_ms,
        "message.timeout.ms": int(REPORT_WITHIN_S * 1000),
        "queue.buffering.max.messages": queue_records,
        "queue.buffering.max.kbytes": queue_kib,
        # It doubles to 10 s otherwise; Kafka is to be found a second after it is back.
        "reconnect.backoff.max.ms": 500,
        # It would log each failed attempt to connect; the link says it once.
        "log_level": 2,
    }


class KafkaSink:
    """A producer, and the thread that hands its delivery reports to who waits.

    `slots` is how many batches may wait for Kafka at a time.

    `append` returns only after Kafka has acknowledged the record on all replicas.
    While Kafka is known to be away (no broker can be reached, or a record got no
    good report in time) nothing is handed to the producer; the thread looks for
    Kafka until it answers again. While it is slow, no more batches wait for it than
    there are slots, fewer than the worker has threads: the others turn away whoever
    comes, so that nobody queues for a thread and then is answered late.
    """

    def __init__(  # noqa: PLR0913 - the last three are for tests
        self,
        config: Mapping[str, Any],
        topic: str,
        *,
        slots: int,
        report_within_s: float = REPORT_WITHIN_S,
        make: Callable[[dict[str, Any]], RecordProducer] = Producer,
        end_worker: Callable[[], None] = lambda: os.kill(os.getpid(), signal.SIGTERM),
    ) -> None:
        self._topic, self._report_within_s = topic, report_within_s
        self._end_worker = end_worker
        # A queue's get and put are C, a semaphore's acquire and release are not.
        self._slots: SimpleQueue[None] = SimpleQueue()
        for _ in range(slots):
            self._slots.put(None)
        self._reported_s = -math.inf
        self._link = KafkaLink()
        self._ended = threading.Event()
        self._producer = make({**config, "error_cb": self._on_error})
        self._thread = threading.Thread(
            target=self._serve, name="kafka-reports", daemon=True
        )
        self._thread.start()

    def append(self, batch: Batch) -> None:
        """Store a batch; see `BatchSink`."""
        started_s = time.monotonic()
        try:
            self._store(batch)
        except (NotStored, OutcomeUnknown) as error:
            metrics.BATCHES.labels(error.refusal.label).inc()
            raise
        _STORED.inc()
        metrics.STORE_SECONDS.observe(time.monotonic() - started_s)

    def probe(self, within_s: float = PROBE_WITHIN_S) -> str | None:
        """Ask Kafka for the topic; return why it cannot be used, None if it can."""
        if self._ended.is_set():
            return "the producer has ended; another worker takes over"
        try:
            topics = self._producer.list_topics(self._topic, within_s).topics
        except KafkaException as error:
            return f"Kafka does not answer: {error.args[0].str()}"
        topic = topics[self._topic]
        if topic.error is not None:
            return f"Kafka has no usable topic {self._topic}: {topic.error.str()}"
        if all(partition.leader < 0 for partition in topic.partitions.values()):
            return f"no partition of {self._topic} has a leader"
        return None

    def close(self) -> None:
        """Send what is queued, for a second at most, and take no more."""
        self._ended.set()
        self._producer.flush(CLOSE_WITHIN_S)
        self._thread.join(CLOSE_WITHIN_S)

    def _store(self, batch: Batch) -> None:
        if self._link.is_away or self._ended.is_set() or not self._take_slot():
            raise NotStored
        try:
            self._produce(batch)
        finally:
            self._slots.put(None)

    def _take_slot(self) -> bool:
        """Tell whether this batch may wait for Kafka; false while it is slow."""
        is_slow = time.monotonic() - self._reported_s > SLOW_AFTER_S
        try:
            self._slots.get(block=not is_slow, timeout=SLOW_AFTER_S)
        except Empty:
            return False
        return True

    def _produce(self, batch: Batch) -> None:
        reports: SimpleQueue[KafkaError | None] = SimpleQueue()
        try:
            self._producer.produce(
                self._topic,
                batch.value(),
                batch.room,
                on_delivery=lambda error, _: reports.put(error),
                headers=batch.headers(),
            )
        except (BufferError, KafkaException) as error:
            raise NotStored from error
        try:
            problem = reports.get(timeout=self._report_within_s)
        except Empty:
            self._link.lose("no report in time")
            raise OutcomeUnknown from None
        self._reported_s = time.monotonic()
        if problem is not None:
            self._link.lose(problem.str())
            raise OutcomeUnknown

    def _serve(self) -> None:
        """Hand out reports, and look for Kafka while it is away."""
        try:
            while not self._ended.is_set():
                self._producer.poll(PROBE_EVERY_S)
                if self._link.is_away and self.probe() is None:
                    self._link.restore()
        finally:
            # Without this thread nobody would learn what became of a batch.
            self._end("its thread stopped")

    def _on_error(self, error: KafkaError) -> None:
        if error.fatal():
            self._end(error.str())
        elif error.code() == KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001 - so named
            self._link.lose(error.str())

    def _end(self, reason: str) -> None:
        """Take no more, and let another worker start with a new producer."""
        if not self._ended.is_set():
            self._ended.set()
            log.critical("producer ended reason=%r", reason)
            self._end_worker()
