# ruff: noqa: SLF001 - librdkafka's own error codes begin with an underscore
import logging
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from ingest.batch import Batch
from ingest.kafka_sink import KafkaSink, OnDelivery, producer_config
from ingest.reaction import Reaction
from ingest.refusal import NotStored, OutcomeUnknown, Refused
from tests.integration.processes import wait_until

BATCH = Batch("final", "id", 5, [Reaction("u", "❤️", 1)])

TIMED_OUT = KafkaError(KafkaError._MSG_TIMED_OUT)
ALL_DOWN = KafkaError(KafkaError._ALL_BROKERS_DOWN)
FATAL = KafkaError(KafkaError._FATAL, "fenced", fatal=True)

SOON_WITHIN_S = 10

SOON_S = 0.05
"""For a report that will not come: nobody should wait for it."""


class FakeProducer:
    """Reports what it is told to report, from within `poll`, like the real one.

    Attributes:
        report: Said of each record; `SILENCE` says nothing.
        problem: Raised instead of taking a record.
        leader: Of the topic's one partition; None: Kafka does not answer.
    """

    SILENCE = object()

    def __init__(self) -> None:
        self.report: object = None
        self.problem: Exception | None = None
        self.leader: int | None = 1
        self.topic_error: KafkaError | None = None
        self.records: list[tuple[str, bytes, str, dict[str, Any]]] = []
        self.config: dict[str, Any] = {}
        self._events: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._unreported: list[Callable[[], None]] = []

    def __call__(self, config: dict[str, Any]) -> "FakeProducer":
        self.config = config
        return self

    def raise_error(self, error: KafkaError) -> None:
        self._events.put(lambda: self.config["error_cb"](error))

    def end_silence(self) -> None:
        """Report that everything was stored after all."""
        for report in self._unreported:
            self._events.put(report)

    def has_told_all(self) -> bool:
        return self._events.empty()

    def break_down(self) -> None:
        """Let `poll` fail as it never should."""

        def fail() -> None:
            raise RuntimeError("a fault of ours")

        self._events.put(fail)

    def produce(
        self,
        topic: str,
        value: bytes,
        key: str,
        *,
        on_delivery: OnDelivery,
        headers: list[tuple[str, str | bytes | None]],
    ) -> None:
        if self.problem is not None:
            raise self.problem
        self.records.append((topic, value, key, dict(headers)))
        report: Any = self.report
        message: Any = None
        if report is self.SILENCE:
            self._unreported.append(lambda: on_delivery(None, message))
        else:
            self._events.put(lambda: on_delivery(report, message))

    def poll(self, timeout: float) -> int:
        try:
            self._events.get(timeout=min(timeout, 0.01))()
        except queue.Empty:
            return 0
        return 1

    def flush(self, timeout: float) -> int:
        del timeout
        return 0

    def list_topics(self, topic: str, timeout: float) -> Any:  # noqa: ANN401
        del timeout
        if self.leader is None:
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))
        partitions = {0: SimpleNamespace(leader=self.leader)}
        found = SimpleNamespace(error=self.topic_error, partitions=partitions)
        return SimpleNamespace(topics={topic: found})


@pytest.fixture
def producer() -> FakeProducer:
    return FakeProducer()


@contextmanager
def sink_of(
    producer: FakeProducer,
    end_worker: Callable[[], None] = lambda: None,
    *,
    report_within_s: float = 10,
) -> Iterator[KafkaSink]:
    sink = KafkaSink(
        producer_config("nowhere:1", linger_ms=5),
        "reactions",
        report_within_s=report_within_s,
        make=producer,
        end_worker=end_worker,
    )
    with closing(sink):
        yield sink


@pytest.fixture
def sink(producer: FakeProducer) -> Iterator[KafkaSink]:
    with sink_of(producer) as made:
        yield made


def store(sink: KafkaSink) -> None:
    """Append a batch and wait until it is known what became of it."""
    sink.append(BATCH).result(SOON_WITHIN_S)


def lose(producer: FakeProducer, sink: KafkaSink) -> None:
    """Let Kafka go away, and wait until the sink knows."""
    producer.leader = None
    producer.raise_error(ALL_DOWN)

    def refused() -> bool:
        producer.records.clear()
        try:
            store(sink)
        except NotStored:
            return True
        return False

    wait_until(refused, within_s=10, what="refusal")


def stores(sink: KafkaSink) -> bool:
    try:
        store(sink)
    except Refused:
        return False
    return True


def test_a_batch_is_one_record_keyed_by_its_room(
    producer: FakeProducer, sink: KafkaSink
) -> None:
    store(sink)

    [(topic, value, key, headers)] = producer.records
    assert (topic, key) == ("reactions", "final")
    assert value == BATCH.value()
    assert headers == dict(BATCH.headers())


def test_a_bad_report_leaves_the_outcome_unknown(
    producer: FakeProducer, sink: KafkaSink
) -> None:
    producer.report = TIMED_OUT

    with pytest.raises(OutcomeUnknown):
        store(sink)


def test_silence_leaves_the_outcome_unknown(producer: FakeProducer) -> None:
    producer.report = FakeProducer.SILENCE

    with (
        sink_of(producer, report_within_s=SOON_S) as sink,
        pytest.raises(OutcomeUnknown),
    ):
        store(sink)


@pytest.mark.parametrize(
    "problem", [BufferError(), KafkaException(KafkaError(KafkaError._STATE))]
)
def test_what_the_producer_does_not_take_is_not_stored(
    producer: FakeProducer, sink: KafkaSink, problem: Exception
) -> None:
    producer.problem = problem

    with pytest.raises(NotStored):
        store(sink)


@pytest.mark.parametrize("report", [TIMED_OUT, FakeProducer.SILENCE])
def test_after_an_unknown_outcome_nothing_is_produced_until_kafka_answers(
    producer: FakeProducer, report: object
) -> None:
    producer.report, producer.leader = report, None

    with sink_of(producer, report_within_s=SOON_S) as sink:
        with pytest.raises(OutcomeUnknown):
            store(sink)
        with pytest.raises(NotStored):
            store(sink)
        assert len(producer.records) == 1

        producer.report, producer.leader = None, 1
        wait_until(lambda: stores(sink), within_s=10, what="storing again")


def test_while_no_broker_is_there_nothing_is_produced(
    producer: FakeProducer, sink: KafkaSink
) -> None:
    lose(producer, sink)

    with pytest.raises(NotStored):
        store(sink)
    assert producer.records == []


def test_one_lost_connection_is_no_loss_of_kafka(
    producer: FakeProducer, sink: KafkaSink
) -> None:
    producer.raise_error(KafkaError(KafkaError._TRANSPORT))

    for _ in range(20):
        store(sink)


def test_loss_and_return_are_logged_once(
    producer: FakeProducer, sink: KafkaSink, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    lose(producer, sink)
    for _ in range(20):
        producer.raise_error(ALL_DOWN)
        assert not stores(sink)
    wait_until(producer.has_told_all, within_s=10, what="the errors")
    producer.leader = 1
    wait_until(lambda: stores(sink), within_s=10, what="storing again")

    lost, back = (record.getMessage() for record in caplog.records)
    assert lost.startswith("Kafka lost")
    assert back.startswith("Kafka back")


@pytest.mark.parametrize(
    ("leader", "error", "reason"),
    [
        (None, None, "Kafka does not answer"),
        (-1, None, "no partition of reactions has a leader"),
        (1, KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART), "no usable topic reactions"),
    ],
)
def test_a_probe_says_why_nothing_can_be_stored(
    producer: FakeProducer,
    sink: KafkaSink,
    leader: int | None,
    error: KafkaError | None,
    reason: str,
) -> None:
    assert sink.probe() is None
    producer.leader, producer.topic_error = leader, error

    assert reason in (sink.probe() or "")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize(
    "ending", [lambda p: p.raise_error(FATAL), FakeProducer.break_down]
)
def test_a_producer_that_cannot_go_on_ends_its_worker(
    producer: FakeProducer, ending: Callable[[FakeProducer], None]
) -> None:
    ended: list[str] = []
    with sink_of(producer, lambda: ended.append("worker")) as sink:
        ending(producer)
        wait_until(lambda: bool(ended), within_s=10, what="the worker's end")

        assert not stores(sink)
        assert sink.probe()

    assert ended == ["worker"]


def test_a_closed_sink_takes_nothing_and_ends_nothing(producer: FakeProducer) -> None:
    ended: list[str] = []
    with sink_of(producer, lambda: ended.append("worker")) as sink:
        pass

    with pytest.raises(NotStored):
        store(sink)
    assert ended == []


def test_the_producer_keeps_the_promises_of_the_log() -> None:
    config = producer_config("nowhere:1", linger_ms=20)

    assert config["acks"] == "all"
    assert config["enable.idempotence"]
    assert config["linger.ms"] == 20
    assert config["message.timeout.ms"] <= 4000


def test_a_batch_that_waits_holds_nobody(producer: FakeProducer) -> None:
    """The report may take minutes; the next batch is taken all the same."""
    producer.report = FakeProducer.SILENCE
    with sink_of(producer, report_within_s=600) as sink:
        waiting = [sink.append(BATCH) for _ in range(3)]
        assert not any(stored.done() for stored in waiting)

        producer.end_silence()
        for stored in waiting:
            stored.result(SOON_WITHIN_S)


def test_a_report_that_comes_too_late_changes_nothing(producer: FakeProducer) -> None:
    producer.report = FakeProducer.SILENCE
    with sink_of(producer, report_within_s=SOON_S) as sink:
        given_up = sink.append(BATCH)
        assert isinstance(given_up.exception(SOON_WITHIN_S), OutcomeUnknown)

        producer.end_silence()
        wait_until(producer.has_told_all, within_s=10, what="the late report")
        producer.report = None
        wait_until(lambda: stores(sink), within_s=10, what="storing again")
        assert isinstance(given_up.exception(), OutcomeUnknown)


def test_of_a_batch_that_was_not_taken_no_report_is_missed(
    producer: FakeProducer,
) -> None:
    report_within_s = 0.5
    with sink_of(producer, report_within_s=report_within_s) as sink:
        producer.problem = BufferError()
        with pytest.raises(NotStored):
            sink.append(BATCH)
        producer.problem, producer.leader = None, None  # so a loss would stay

        threading.Event().wait(2 * report_within_s)
        assert stores(sink)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize(
    "ending",
    [
        lambda producer, _: producer.raise_error(FATAL),
        lambda producer, _: producer.break_down(),
        lambda _, sink: sink.close(),
    ],
    ids=["fatal", "a fault of ours", "closed"],
)
def test_nobody_waits_for_a_producer_that_has_ended(
    producer: FakeProducer, ending: Callable[[FakeProducer, KafkaSink], None]
) -> None:
    producer.report = FakeProducer.SILENCE
    with sink_of(producer, report_within_s=600) as sink:
        waiting = sink.append(BATCH)

        ending(producer, sink)

        assert isinstance(waiting.exception(SOON_WITHIN_S), OutcomeUnknown)
