"""What happened, as a person reads it."""

import time
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a happening is about."""

    MATCH = "match"
    KILLED = "killed"
    WELL = "well"
    """Something is as it was before, or nobody depends on it any more."""

    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the story."""

    at_s: float
    """Seconds since the epoch."""

    kind: Kind
    text: str

    @property
    def clock(self) -> str:
        """When it was, by the clock on the wall."""
        return time.strftime("%H:%M:%S", time.localtime(self.at_s))
