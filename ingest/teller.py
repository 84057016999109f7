"""Says in Kafka, each second, what this worker did: see `ingest.account`.

With a producer and a thread of its own, so that no reaction ever waits for it.
"""

import itertools
import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from confluent_kafka import KafkaError, KafkaException, Message

from ingest import metrics
from ingest.account import WORD_ROOMS_MAX, Account, Line, Word

EVERY_S = 1.0
SILENT_MAX_S = 5.0
"""Who has done nothing says so; after twice as long it is taken for dead."""

ACKNOWLEDGED_WITHIN_S = 2.0
CLOSE_WITHIN_S = 0.75
"""Twice that is what a worker that ends has left: it waits for Kafka in vain, or for
its last word."""

_ID_BYTES = 8

log = logging.getLogger(__name__)


class WordProducer(Protocol):
    """What is used of `confluent_kafka.Producer`."""

    def produce(
        self,
        topic: str,
        value: bytes,
        key: str,
        *,
        on_delivery: Callable[[KafkaError | None, Message], None],
    ) -> None:
        """Queue a record; its report comes from within `flush`."""
        ...

    def flush(self, timeout: float) -> int:
        """Wait for reports; return how many are missing."""
        ...


def producer_config(servers: str) -> dict[str, Any]:
    """Return the configuration of a worker's second producer.

    Args:
        servers: Addresses of Kafka.
    """
    return {
        "bootstrap.servers": servers,
        "client.id": "emostream-intake",
        "acks": "all",
        # A word has a number: who reads it twice knows, and so no error is fatal here.
        "enable.idempotence": False,
        "message.timeout.ms": int(ACKNOWLEDGED_WITHIN_S * 1000),
        "linger.ms": 0,
        "compression.type": "lz4",
        "reconnect.backoff.max.ms": 500,
        "log_level": 0,  # the first producer says that Kafka is away
    }


class Teller:
    """A worker's words, one after the other, each until Kafka has acknowledged it.

    While it waits for that, the account counts on, and the next word says it all. So
    what a worker did is told whole, unless it is killed, or has to end while Kafka
    is away: then a reader misses its last word.
    """

    def __init__(
        self,
        account: Account,
        producer: WordProducer,
        topic: str,
        *,
        every_s: float = EVERY_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._account, self._producer, self._topic = account, producer, topic
        self._every_s, self._clock = every_s, clock
        self._worker = secrets.token_hex(_ID_BYTES)
        self._seqs = itertools.count()
        self._unsaid: deque[bytes] = deque()
        self._said_s: float | None = None
        self._is_away = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="intake", daemon=True)

    def start(self) -> None:
        """Begin to say a word each second."""
        self._thread.start()

    def close(self) -> None:
        """Say the last word; to be called when nothing is counted any more."""
        self._closing.set()
        self._thread.join(CLOSE_WITHIN_S)
        if self._thread.is_alive():
            return  # Kafka does not answer: nobody would get the last word
        self._unsaid += self._words(closed=True)
        self._say(CLOSE_WITHIN_S)

    def tell(self) -> None:
        """Say what there is to say: what Kafka did not acknowledge, or what is new."""
        if not self._unsaid:
            self._unsaid += self._words(closed=False)
        self._say(ACKNOWLEDGED_WITHIN_S)

    def _serve(self) -> None:
        while not self._closing.wait(self._every_s):
            self.tell()

    def _words(self, *, closed: bool) -> list[bytes]:
        """Return what was done since the last time; none for a short silence."""
        parts = list(_parts(self._account.take()))
        if not parts:
            if not closed and not self._is_silent():
                return []
            parts = [{}]
        return [
            Word(
                worker=self._worker,
                seq=next(self._seqs),
                closed=closed and number == len(parts),
                rooms=part,
            ).encode()
            for number, part in enumerate(parts, start=1)
        ]

    def _is_silent(self) -> bool:
        return self._said_s is None or self._clock() - self._said_s >= SILENT_MAX_S

    def _say(self, within_s: float) -> None:
        until_s = self._clock() + within_s
        while self._unsaid:
            problem = self._try(self._unsaid[0], until_s - self._clock())
            if problem is not None:
                self._failed(problem)
                return
            self._unsaid.popleft()
            self._said_s = self._clock()
            self._is_away = False

    def _try(self, word: bytes, within_s: float) -> str | None:
        """Have Kafka store a word; return why it may not have it."""
        reports: list[KafkaError | None] = []
        try:
            self._producer.produce(
                self._topic,
                word,
                self._worker,
                on_delivery=lambda error, _: reports.append(error),
            )
            self._producer.flush(max(0.0, within_s))
        except (BufferError, KafkaException) as error:
            return str(error)
        if not reports:
            return "no report in time"
        return None if reports[0] is None else reports[0].str()

    def _failed(self, problem: str) -> None:
        metrics.INTAKE_FAILURES.inc()
        if not self._is_away:
            log.warning("account not taken, it is kept reason=%r", problem)
        self._is_away = True


def _parts(lines: Mapping[str, Line]) -> Iterator[dict[str, Line]]:
    rest = iter(lines.items())
    while part := dict(itertools.islice(rest, WORD_ROOMS_MAX)):
        yield part
