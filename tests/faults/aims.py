"""A kill that is aimed at a gap of milliseconds, and whether it hit.

As soon as the gap is about to come its victim is held, and from then on runs for a
millisecond at a time; everybody else runs on. What can be seen from outside says when
it is in the gap. Then it is killed; what can be seen after its end says what was hit.
There are no points in the product where a test could wait.
"""

import time
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

TRIES = 20
"""A gap that was over before its victim stood still is let pass; the next may fit."""

STEPS = 150
"""Of a millisecond; after so many the victim is killed wherever it is."""

STEP_S = 0.001

SETTLED_AFTER_S = 0.1
"""What the victim had sent arrives; what takes its place has not begun yet."""


class Moment(Enum):
    """Where somebody is who comes through a gap."""

    BEFORE = auto()
    INSIDE = auto()
    AFTER = auto()


class Gap(Protocol):
    """What happens again and again: one thing, and then another."""

    def await_next(self) -> None:
        """Return as soon as the first of the two is about to happen."""
        ...

    def look(self) -> Moment:
        """Tell which of the two has happened, of those that were awaited last."""
        ...


class Prey(Protocol):
    """Who is to be killed."""

    def hold(self) -> None:
        """Let it stand still."""
        ...

    def step(self, for_s: float) -> None:
        """Let it go on for a moment."""
        ...

    def let_go(self) -> None:
        """Let it go on."""
        ...

    def kill(self) -> None:
        """End it; returns when it has ended."""
        ...


@dataclass(frozen=True, slots=True)
class Shot:
    """What became of it; times are monotonic."""

    began_s: float
    killed_s: float
    is_hit: bool
    tries: int

    @property
    def note(self) -> str:
        """How often it was aimed before."""
        return "" if self.tries == 1 else f"try {self.tries}"


def shoot(gap: Gap, prey: Prey, settled_after_s: float = SETTLED_AFTER_S) -> Shot:
    """Kill `prey` in a gap, if it can be met there; wherever it is if not.

    Whoever interrupts this leaves nobody standing still.
    """
    tries = 0
    try:
        while True:
            tries += 1
            gap.await_next()
            began_s = time.monotonic()
            prey.hold()
            if _approach(gap, prey) is not Moment.AFTER or tries == TRIES:
                break
            prey.let_go()
        killed_s = time.monotonic()
        prey.kill()
    finally:
        prey.let_go()
    time.sleep(settled_after_s)
    return Shot(began_s, killed_s, gap.look() is Moment.INSIDE, tries)


def _approach(gap: Gap, prey: Prey) -> Moment:
    """Let it come nearer, until it is not before the gap any more."""
    for _ in range(STEPS):
        if (moment := gap.look()) is not Moment.BEFORE:
            return moment
        prey.step(STEP_S)
    return Moment.BEFORE
