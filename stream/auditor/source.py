"""What the logs give: records and their places, and how far they were read."""

from dataclasses import dataclass

from stream.auditor.ledger import MINUTE_MS
from stream.auditor.records import Headers

Place = tuple[str, int]
"""Kind of log, and partition."""


class Kind:
    """Names of the logs that are read."""

    REACTIONS = "reactions"
    FRAMES = "frames"
    INTAKE = "intake"


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it lies in one of the logs."""

    kind: str
    partition: int
    offset: int
    appended_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """Where the logs end, and what that says of what was polled.

    Attributes:
        asked_ms: When Kafka was asked.
        through_ms: Everything that was stored before has been polled.
        behind: The partitions of which something waits.
    """

    asked_ms: int
    through_ms: dict[Place, int]
    behind: set[Place]


@dataclass(frozen=True, slots=True)
class Rules:
    """What the books are kept by.

    Attributes:
        dedupe_ms: How long repeats of a batch are certainly dropped.
        window_ms: Length of the stream's windows; it fits into a minute, or minutes
            are those in which windows begin.
    """

    dedupe_ms: int
    window_ms: int

    def minute_of(self, moment_ms: int) -> int:
        """Return the minute into which a moment's window falls."""
        start_ms = moment_ms - moment_ms % self.window_ms
        return start_ms - start_ms % MINUTE_MS


class Away(Exception):
    """Kafka does not answer; asking again may help."""


class Moved(Exception):
    """A log is not where it was: it has to be opened anew."""
