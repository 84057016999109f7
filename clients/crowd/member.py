"""A client, what it got and when it was there; and from that what it missed. Pure.

Times are in seconds since the epoch, as the kernel noted them.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

UNDER_WAY_S = 2.0
"""Whoever leaves so soon after a frame's first arrival may not have got it yet."""


@dataclass(slots=True, eq=False)
class Member:
    """What one client got, and when it was there."""

    keeps: bool = False
    """Whether it keeps when it saw which total."""

    got: int = 0
    """A bit for each frame."""

    since_s: float | None = None
    """None while it is not there."""

    was_there: list[tuple[float, float]] = field(default_factory=list)
    totals: "array[int]" = field(default_factory=lambda: array("q"))
    arrived_s: "array[float]" = field(default_factory=lambda: array("d"))
    newer_s: float | None = None
    """When it first got a frame that is newer than all before the mark."""

    def come(self, at_s: float) -> None:
        """Be there: what comes from now on is for it."""
        if self.since_s is None:
            self.since_s = at_s

    def go(self, at_s: float) -> None:
        """Be away."""
        if self.since_s is not None:
            self.was_there.append((self.since_s, at_s))
            self.since_s = None

    def was_lost_after(self, at_s: float) -> bool:
        """Tell whether its connection was lost after this."""
        return any(left_s >= at_s for _, left_s in self.was_there)


@dataclass(slots=True)
class Missed:
    """What members did not get, summed up."""

    members: int = 0
    frames: int = 0
    missed_by: int = 0
    away: int = 0

    def __add__(self, other: "Missed") -> "Missed":
        return Missed(
            self.members + other.members,
            self.frames + other.frames,
            self.missed_by + other.missed_by,
            self.away + other.away,
        )

    def add(self, frames: int, away: int) -> None:
        """Take one member's."""
        self.members += 1
        self.frames += frames
        self.missed_by += frames > 0
        self.away += away


def missed(members: Iterable[Member], begun: Sequence[tuple[float, int]]) -> Missed:
    """Return what these did not get; they are all away.

    Args:
        members: Whose frames.
        begun: From when on who was there is owed which frame, in order.
    """
    found = Missed()
    starts = [begun_s for begun_s, _ in begun]
    until = [0]
    for _, number in begun:
        until.append(until[-1] | 1 << number)
    for member in members:
        found.add(*_missed(member, starts, until))
    return found


def _missed(member: Member, starts: list[float], until: list[int]) -> tuple[int, int]:
    """Return how many frames came without this member: there, and while away."""
    there = ever = 0
    for since_s, left_s in member.was_there:
        there |= _between(starts, until, since_s, left_s)
    if member.was_there:
        first_s, last_s = member.was_there[0][0], member.was_there[-1][1]
        ever = _between(starts, until, first_s, last_s)
    missed = there & ~member.got
    return missed.bit_count(), (ever & ~there & ~member.got).bit_count()


def _between(
    starts: list[float], until: list[int], since_s: float, left_s: float
) -> int:
    """Return the bits of the frames that came first within a time."""
    low = bisect_right(starts, since_s)
    high = bisect_left(starts, left_s - UNDER_WAY_S)
    return until[high] & ~until[low] if high > low else 0
