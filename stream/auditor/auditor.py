"""The auditor's loop, written against protocols instead of Kafka, MQTT and SQLite.

What is read is in the books when `step` returns or a second later, and with it that it
was read: killed anywhere, the next start goes on as if nothing had happened.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from stream.auditor.intake import SILENT_AFTER_MS
from stream.auditor.source import Away, Kind, Look, Place, Record

COMMIT_EVERY_S = 1.0


class Logs(Protocol):
    """Where records come from; `logs.Logs` reads Kafka."""

    def ends(self) -> dict[Place, int]:
        """Return the next offset to be written of each partition."""
        ...

    def poll(self, timeout_s: float) -> Sequence[Record]:
        """Return the next records, each partition's in its order."""
        ...

    def look(self) -> Look:
        """Ask where the logs end."""
        ...

    def positions(self) -> dict[Place, int]:
        """Return the offset to read on from; behind what is no record, too."""
        ...


class Books(Protocol):
    """Where records go; `books.Books` keeps them in SQLite."""

    as_of_ms: int

    def take(self, record: Record) -> None:
        """Take in the next record of a partition."""
        ...

    def show(self, payload: bytes) -> None:
        """Take in a frame that a cluster's broker shows."""
        ...

    def complete(self) -> None:
        """Compare totals; no frame of a trigger is missing."""
        ...

    def stand_at(self, kind: str, partition: int, offset: int) -> None:
        """Read a partition on from an offset that is higher."""
        ...

    def commit(self, as_of_ms: int, intake_ms: int) -> None:
        """Let all of it last."""
        ...


class Auditor:
    """Moves what the logs bring into the books, a transaction a second.

    Args:
        logs: Set to where the books stand.
        books: Where everything is noted.
        shown: Returns the frames that a broker has shown since the last time.
    """

    def __init__(
        self, logs: Logs, books: Books, shown: Callable[[], Sequence[bytes]]
    ) -> None:
        self._logs, self._books, self._shown = logs, books, shown
        self._unread: Mapping[Place, int] = logs.ends()
        self._through = dict.fromkeys(logs.positions(), books.as_of_ms)
        self._answers_since_ms: int | None = None
        self._due_s = time.monotonic() + COMMIT_EVERY_S

    @property
    def is_caught_up(self) -> bool:
        """Whether all that lay in the logs at the start is in the books."""
        return not self._unread

    def step(self, timeout_s: float) -> None:
        """Take in what one poll brings, waiting for it at most `timeout_s`."""
        for record in self._logs.poll(timeout_s):
            self._books.take(record)
        if time.monotonic() >= self._due_s:
            self._due_s = time.monotonic() + COMMIT_EVERY_S
            self.commit()

    def commit(self) -> None:
        """Write down what has come, and how far everything is."""
        for payload in self._shown():
            self._books.show(payload)
        self._look()
        positions = self._logs.positions()
        for place, offset in positions.items():
            self._books.stand_at(*place, offset)
        self._books.commit(min(self._through.values()), self._intake_ms())
        self._unread = {
            place: end for place, end in self._unread.items() if positions[place] < end
        }

    def _look(self) -> None:
        try:
            look = self._logs.look()
        except Away:
            self._answers_since_ms = None
            return
        if self._answers_since_ms is None:
            self._answers_since_ms = look.asked_ms
        for place, through_ms in look.through_ms.items():
            # What was true of the past stays so, also when new records wait.
            self._through[place] = max(self._through[place], through_ms)
        if all(kind != Kind.FRAMES for kind, _ in look.behind):
            self._books.complete()

    def _intake_ms(self) -> int:
        """Return up to when all words are here; 0 if some may be on their way."""
        said = [ms for (kind, _), ms in self._through.items() if kind == Kind.INTAKE]
        through_ms, since_ms = min(said, default=0), self._answers_since_ms
        # What workers could not say while Kafka was away, they say when it is back.
        if since_ms is None or through_ms <= since_ms + SILENT_AFTER_MS:
            return 0
        return through_ms
