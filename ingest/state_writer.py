"""Has Kafka keep a host's wish, and waits until it is what this process goes by.

Hosts change rooms a few times an evening: each change is waited for in its request's
own thread.
"""

import time
from collections.abc import Callable
from typing import Any, Protocol

from confluent_kafka import KafkaError, KafkaException, Message

from ingest.kafka_sink import OnDelivery
from ingest.refusal import Refusal, Refused
from ingest.room_state import Entry, RoomState, Wish
from ingest.state_log import StateLog

REPORT_WITHIN_S = 3.0
DONE_WITHIN_S = 4.0
"""From the request until its answer: every 5xx comes within five seconds."""


class StateProducer(Protocol):
    """What is used of `confluent_kafka.Producer`."""

    def produce(
        self, topic: str, value: bytes, key: str, *, on_delivery: OnDelivery
    ) -> None:
        """Queue a record; its report comes from within `flush`."""
        ...

    def flush(self, timeout: float) -> int:
        """Wait for reports; return how many are missing."""
        ...


def producer_config(servers: str) -> dict[str, Any]:
    """Return the configuration of the producer of a worker's changes.

    Args:
        servers: Addresses of Kafka.
    """
    return {
        "bootstrap.servers": servers,
        "client.id": "emostream-states",
        "acks": "all",
        # A change that is stored twice says the same twice, and no error is fatal here.
        "enable.idempotence": False,
        "message.timeout.ms": int(REPORT_WITHIN_S * 1000),
        "linger.ms": 0,
        "reconnect.backoff.max.ms": 500,
        "log_level": 0,  # the reactions' producer says that Kafka is away
    }


class StateWriter:
    """Stores changes; any thread may call it.

    Two hosts who change a room in the same instant both succeed: the later one in the
    log stands, and the log has both.

    Args:
        producer: Sends them.
        topic: Where to.
        states: What this process goes by.
        clock: Seconds that only go forward.
    """

    def __init__(
        self,
        producer: StateProducer,
        topic: str,
        states: StateLog,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._producer, self._topic = producer, topic
        self._states, self._clock = states, clock

    def write(
        self, room: str, wish: Wish, by: str, is_seen: Callable[[RoomState], bool]
    ) -> RoomState:
        """Have a room be what its host wishes; return what it is then.

        Args:
            room: Which room.
            wish: What it is to be.
            by: The host's name.
            is_seen: Tells whether the host knows that this is what the room is now.

        Raises:
            Refused: If the host has not seen what it is now, or the wish cannot be
                stored, or it is not known whether it is.
        """
        if not self._states.is_read or self._states.is_away:
            raise _not_stored()
        if not is_seen(self._states.state(room)):
            raise Refused(Refusal.STATE_CHANGED)
        until_s = self._clock() + DONE_WITHIN_S
        offset = self._store(room, Entry.of(wish, by))
        if not self._states.wait_past(offset, until_s - self._clock()):
            raise _unknown()
        return self._states.state(room)

    def _store(self, room: str, entry: Entry) -> int:
        """Return where in the log it is, once Kafka has it."""
        reports: list[tuple[KafkaError | None, Message]] = []
        try:
            self._producer.produce(
                self._topic,
                entry.encode(),
                room,
                on_delivery=lambda problem, record: reports.append((problem, record)),
            )
        except (BufferError, KafkaException) as error:
            raise _not_stored() from error
        self._producer.flush(REPORT_WITHIN_S)
        for problem, record in reports:
            if problem is None:
                return record.offset() or 0
        raise _unknown()


def _not_stored() -> Refused:
    help_ = "The change cannot be stored now, and was not: try again."
    return Refused(Refusal.NOT_STORED, help_=help_)


def _unknown() -> Refused:
    help_ = "The change may be stored, or not: look, and repeat it if it is not."
    return Refused(Refusal.UNKNOWN, help_=help_)
