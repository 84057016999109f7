"""Puts batches into the reaction log, and tells for each what became of it.

One producer a worker, made after the fork. Reading requests and answering them
is left to `ingest.app`.
"""

import contextlib
import logging
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, InvalidStateError
from functools import partial
from typing import Any, Protocol

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from ingest import metrics
from ingest.batch import Batch
from ingest.kafka_link import KafkaLink
from ingest.refusal import NotStored, OutcomeUnknown, Refusal

REPORT_WITHIN_S = 3.0
"""How long a batch may stay without a report, give or take a look for Kafka: it is
answered within the time that a worker has to end, and long before 5 s."""

PROBE_WITHIN_S = 0.5
PROBE_EVERY_S = 0.25
"""How often Kafka is looked for while it is away."""

CLOSE_WITHIN_S = 1.0

_STORED = metrics.BATCHES.labels("stored")
_NOT_STORED = metrics.BATCHES.labels(Refusal.NOT_STORED.label)
_UNKNOWN = metrics.BATCHES.labels(Refusal.UNKNOWN.label)

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
        queue_records: Records that may wait for Kafka; beyond them a batch is refused.
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


class _Waiting:
    """A batch that was handed to Kafka, and who is told what became of it."""

    def __init__(self) -> None:
        self.since_s = time.monotonic()
        self.stored: Future[None] = Future()
        self.stored.add_done_callback(self._count)  # before anybody is told

    def tell(self, problem: OutcomeUnknown | None = None) -> None:
        """Say what became of it, unless that has been said."""
        with contextlib.suppress(InvalidStateError):
            if problem is None:
                self.stored.set_result(None)
            else:
                self.stored.set_exception(problem)

    def _count(self, stored: "Future[None]") -> None:
        if stored.cancelled():
            return  # it was not handed over
        if stored.exception() is not None:
            _UNKNOWN.inc()
            return
        _STORED.inc()
        metrics.STORE_SECONDS.observe(time.monotonic() - self.since_s)


class KafkaSink:
    """A producer, and the thread that tells what became of each batch.

    A batch is stored only when Kafka has acknowledged the record on all replicas.
    While Kafka is known to be away (no broker can be reached, or a record got no
    good report in time) nothing is handed to the producer; the thread looks for
    Kafka until it answers again. While it is slow, batches wait, as many as the
    producer's queue holds and none for longer than `report_within_s`.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        topic: str,
        *,
        report_within_s: float = REPORT_WITHIN_S,
        make: Callable[[dict[str, Any]], RecordProducer] = Producer,
        end_worker: Callable[[], None] = lambda: os.kill(os.getpid(), signal.SIGTERM),
    ) -> None:
        self._topic, self._report_within_s = topic, report_within_s
        self._end_worker = end_worker
        self._waiting: deque[_Waiting] = deque()
        self._is_closing = False
        self._link = KafkaLink()
        self._ended = threading.Event()
        self._producer = make({**config, "error_cb": self._on_error})
        self._thread = threading.Thread(
            target=self._serve, name="kafka-reports", daemon=True
        )
        self._thread.start()

    def append(self, batch: Batch) -> "Future[None]":
        """Begin to store a batch; see `BatchSink`."""
        if self._link.is_away or self._ended.is_set():
            raise _not_stored()
        value, headers = batch.value(), batch.headers()
        waiting = _Waiting()
        self._waiting.append(waiting)
        try:
            self._producer.produce(
                self._topic,
                value,
                batch.room,
                on_delivery=partial(self._on_delivery, waiting),
                headers=headers,
            )
        except (BufferError, KafkaException) as error:
            waiting.stored.cancel()  # nobody has it, and nobody tells of it
            raise _not_stored() from error
        if self._ended.is_set():  # the last look at who waits may be over
            waiting.tell(OutcomeUnknown())
        return waiting.stored

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
        """Take no more, and send what is queued, for a second at most."""
        self._is_closing = True
        self._ended.set()
        self._thread.join(CLOSE_WITHIN_S)
        self._producer.flush(CLOSE_WITHIN_S)
        self._give_up(0)

    def _serve(self) -> None:
        """Hand out reports, and look for Kafka while it is away."""
        try:
            while not self._ended.is_set():
                self._producer.poll(PROBE_EVERY_S)
                self._give_up(self._report_within_s)
                if self._link.is_away and self.probe() is None:
                    self._link.restore()
        finally:
            if not self._is_closing:
                # Without this thread nobody would learn what became of a batch.
                self._end("its thread stopped")
                self._give_up(0)

    def _on_delivery(
        self, waiting: _Waiting, problem: KafkaError | None, _: object
    ) -> None:
        if problem is None:
            waiting.tell()
        else:
            self._link.lose(problem.str())
            waiting.tell(OutcomeUnknown())

    def _give_up(self, after_s: float) -> None:
        """Leave unknown what has been without a report for so long."""
        while self._waiting:
            oldest = self._waiting[0]
            if not oldest.stored.done():
                if time.monotonic() < oldest.since_s + after_s:
                    return
                self._link.lose("no report in time")
                oldest.tell(OutcomeUnknown())
            self._waiting.popleft()

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


def _not_stored() -> NotStored:
    _NOT_STORED.inc()
    return NotStored()
