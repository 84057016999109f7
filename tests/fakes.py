"""Stand-ins that several tests use."""

from collections.abc import Sequence

from ingest.kafka_log import Record


class InMemoryLog:
    """Hands out one list of records a poll."""

    def __init__(self, *polls: Sequence[Record], read_back: int = 0) -> None:
        self._polls = list(polls)
        self._read_back = read_back
        self.polled: list[Record] = []
        self.committed: list[Record] = []

    def append(self, *records: Record) -> None:
        """Hand these out by the next poll."""
        self._polls.append(records)

    @property
    def caught_up(self) -> bool:
        return self._read_back <= 0

    def poll(self, timeout_s: float) -> Sequence[Record]:
        del timeout_s
        self._read_back -= 1
        records = self._polls.pop(0) if self._polls else []
        self.polled += records
        return records

    def commit(self) -> None:
        self.committed = [*self.polled]
