"""Connections that wait for their peer, each until a deadline.

Pure: a clock is passed in. What becomes of who is late is `compose.web.gate`'s
business.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum, auto
from itertools import takewhile
from typing import Generic, TypeVar

T = TypeVar("T")


class Phase(Enum):
    """What is waited for."""

    IDLE = auto()
    """Any byte of a request."""

    HEAD = auto()
    """The rest of its headers."""

    BODY = auto()
    """The rest of its body."""

    LEAVING = auto()
    """Until the peer has read our last answer and closes, too."""


class Waiting(Generic[T]):
    """Who waits, by phase; in each the next to be late comes first.

    Args:
        within_s: How long each phase may last.
        clock: Seconds that only go forward.
    """

    def __init__(
        self, within_s: Mapping[Phase, float], clock: Callable[[], float]
    ) -> None:
        self._within_s, self._clock = within_s, clock
        self._deadlines: dict[Phase, dict[T, float]] = {phase: {} for phase in Phase}

    def put(self, one: T, phase: Phase) -> None:
        """Begin a phase: whatever comes meanwhile does not extend it."""
        self._deadlines[phase][one] = self._clock() + self._within_s[phase]

    def take(self, one: T, phase: Phase) -> None:
        """End a phase."""
        del self._deadlines[phase][one]

    def of(self, phase: Phase) -> Mapping[T, float]:
        """Return who is in a phase, and until when."""
        return self._deadlines[phase]

    def oldest(self, *phases: Phase) -> T | None:
        """Return who has been longest in the first of `phases` that has anyone."""
        everyone = (one for phase in phases for one in self._deadlines[phase])
        return next(everyone, None)

    def fullest(self, *phases: Phase) -> Phase:
        """Return the one of `phases` that most are in, the first if there are more."""
        return max(phases, key=lambda phase: len(self._deadlines[phase]))

    def late(self) -> Sequence[tuple[T, Phase]]:
        """Return who is late now."""
        now_s = self._clock()
        return [
            (one, phase)
            for phase, deadlines in self._deadlines.items()
            for one in takewhile(lambda one: deadlines[one] <= now_s, deadlines)  # noqa: B023 - it ends with this round
        ]
