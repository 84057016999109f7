"""What decides on what rooms take, without a Kafka."""

from collections.abc import Sequence

from confluent_kafka import KafkaError, Message
from prometheus_client import Counter

from ingest.host_link import Grant, HostLinks
from ingest.kafka_log import Record
from ingest.kafka_sink import OnDelivery
from ingest.room_state import Entry
from ingest.rooms import Hosting
from ingest.state_log import StateLog
from ingest.state_writer import StateWriter

SIGNED_WITH = "the-secret-of-hosts"
FOR_EVER_S = 1 << 40
APPENDED_MS = 1_795_226_379_700

UNREADABLE = Counter("tests_states_unreadable_total", "In place of a process' own.")


class StateRecords:
    """A log that has what it is given, and hands it out by the next poll."""

    def __init__(self, *records: Record, caught_up: bool = True) -> None:
        self.caught_up = caught_up
        self.is_away = False
        self._unread = [*records]
        self._next = len(records)

    def append(self, room: str, value: bytes | None) -> int:
        """Return the offset of a new record."""
        offset, self._next = self._next, self._next + 1
        self._unread.append(state_record(room, value, offset))
        return offset

    def poll(self, timeout_s: float) -> Sequence[Record]:
        del timeout_s
        records, self._unread = self._unread, []
        return records

    def close(self) -> None:
        """Nothing is held."""


def state_record(room: str, value: bytes | None, offset: int) -> Record:
    return Record(room.encode(), value, 0, offset, APPENDED_MS + offset)


def entry(
    *,
    is_open: bool = True,
    emoji: Sequence[str] | None = None,
    muted: Sequence[str] = (),
    by: str = "Anna",
) -> bytes:
    offered = None if emoji is None else tuple(emoji)
    return Entry(open=is_open, emoji=offered, muted=tuple(muted), by=by).encode()


def state_log(records: StateRecords) -> StateLog:
    """Return what has read all that there is, without a thread."""
    log = StateLog(records, UNREADABLE)
    log.step(0)
    return log


class Producer:
    """Appends to the log what it is handed, or fails as it is told.

    Attributes:
        raises: Instead of taking a record.
        error: Reported of each record.
        reports: Whether anything is reported.
    """

    def __init__(self, records: StateRecords) -> None:
        self.raises: Exception | None = None
        self.error: KafkaError | None = None
        self.reports = True
        self._records = records
        self._due: list[tuple[OnDelivery, Message]] = []

    def produce(
        self, topic: str, value: bytes, key: str, *, on_delivery: OnDelivery
    ) -> None:
        if self.raises:
            raise self.raises
        offset = self._records.append(key, value)
        stored = Message(topic=topic, partition=0, offset=offset)
        self._due.append((on_delivery, stored))

    def flush(self, timeout: float) -> int:
        del timeout
        if not self.reports:
            return len(self._due)
        due, self._due = self._due, []
        for on_delivery, stored in due:
            on_delivery(self.error, stored)
        return 0


class PromptLog(StateLog):
    """Reads, in place of a thread's time, whenever something is waited for."""

    reads = True

    def wait_past(self, offset: int, within_s: float) -> bool:
        if self.reads:
            self.step(0)
        return super().wait_past(offset, min(within_s, 0.01))


class Stage:
    """The real parts over a log in memory."""

    def __init__(self, *, is_read: bool = True) -> None:
        self.records = StateRecords(caught_up=is_read)
        self.states = PromptLog(self.records, UNREADABLE)
        self.states.step(0)
        self.links = HostLinks(SIGNED_WITH)
        self.producer = Producer(self.records)
        self.writer = StateWriter(self.producer, "states", self.states)

    @property
    def hosting(self) -> Hosting:
        """What the app is made with."""
        return Hosting(self.states, self.writer, self.links)

    def put(self, room: str, value: bytes | None) -> None:
        """Have this stand in the log, and be read."""
        self.records.append(room, value)
        self.states.step(0)

    def token(
        self, room: str = "final", by: str = "Anna", until_s: int = FOR_EVER_S
    ) -> str:
        """Return what makes its bearer a host."""
        return self.links.token(Grant(room, by, until_s))
