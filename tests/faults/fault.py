"""What a fault is: what it strikes, how, and what it says it has done.

How a trial goes on afterwards is in `trial`; the faults themselves are in `of_*`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from tests.faults.scene import Scene


class Hit(StrEnum):
    """Whether a fault met the moment it was aimed at."""

    HIT = "hit"
    MISSED = "missed"
    NOT_AIMED = "not aimed"


class NotPossible(Exception):
    """This machine does not allow it; the text says why."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a fault did; times are monotonic."""

    began_s: float
    """When the part was struck."""

    over_s: float
    """From when on it may recover: killed, `began_s`; hung or cut, when let go."""

    hit: Hit = Hit.NOT_AIMED
    note: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """One row of the table."""

    part: str
    """`ingest`, `kafka`, `spark`, `bridge`, `main`, `cluster`, `links`, `data`, …"""

    name: str
    """`kill -9 of a worker`"""

    strike: Callable[[Scene], Done]
    """May block for as long as the fault lasts.

    Raises `NotPossible` if the machine does not allow it.
    """

    is_main: bool = False
    """Whether the quick form has it."""

    kills_senders: bool = False
    """Whether a sender dies, too: then A ≤ T ≤ A + I is all that is promised."""

    setting: str = "default"
    """The scene it needs; one is started for all its faults."""

    trials: int | None = None
    """How many, if other than the option says."""

    @property
    def title(self) -> str:
        """What it is called: `part/name`."""
        return f"{self.part}/{self.name}"
