"""A client, what it got and when it was there; and from that what it missed. Pure.

Times are in seconds since the epoch, as the kernel noted them.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

UNDER_WAY_S = 2.0
"""Whoever leaves so soon after a frame's first arrival may not have got it yet."""

_NOTED_EVERY = 32
"""To note all that came before of each frame would take gigabytes for a day's."""


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
    left_s: float | None = None
    """When it went for good: until then it would have come back if it could."""

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

    def leave(self, at_s: float) -> None:
        """Be away for good."""
        self.go(at_s)
        if self.left_s is None:
            self.left_s = at_s

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


def missed(
    members: Iterable[Member],
    begun: Sequence[tuple[float, int]],
    came: Sequence[tuple[float, int]],
) -> Missed:
    """Return what these did not get; they are all away.

    Args:
        members: Whose frames.
        begun: From when on who was there is owed which frame, in order.
        came: When which frame first came to anybody, in order.
    """
    found, owed = Missed(), _Owed(_Bits(begun), _Bits(came))
    for member in members:
        found.add(*_missed(member, owed))
    return found


def owed(members: Iterable[Member], made_s: Sequence[float]) -> tuple[float, float]:
    """Return from when until when each frame that was made should have come to one.

    Args:
        members: All of them, who are away.
        made_s: When those frames were made that did come.
    """
    spells = [(one.was_there, one.left_s or 0.0) for one in members if one.was_there]
    since_s = [there[0][0] for there, _ in spells]
    until_s = [max(there[-1][1], left_s) - UNDER_WAY_S for there, left_s in spells]
    if not spells:
        return 0.0, 0.0
    return min([*since_s, *made_s]), max([*until_s, *made_s])


class _Bits:
    """Which frames there were until when.

    Args:
        times: Of each, in order.
    """

    def __init__(self, times: Sequence[tuple[float, int]]) -> None:
        self._times_s = [at_s for at_s, _ in times]
        self._numbers = [number for _, number in times]
        self._until, known = [0], 0
        for count, number in enumerate(self._numbers, 1):
            known |= 1 << number
            if count % _NOTED_EVERY == 0:
                self._until.append(known)

    def until(self, at_s: float) -> int:
        return self._first(bisect_right(self._times_s, at_s))

    def before(self, at_s: float) -> int:
        return self._first(bisect_left(self._times_s, at_s))

    def _first(self, count: int) -> int:
        known = self._until[count // _NOTED_EVERY]
        for number in self._numbers[count - count % _NOTED_EVERY : count]:
            known |= 1 << number
        return known


@dataclass(frozen=True, slots=True)
class _Owed:
    begun: _Bits
    came: _Bits

    def between(self, since_s: float, left_s: float) -> int:
        """Return the bits of the frames that began, and came, within a time."""
        came = self.came.before(left_s - UNDER_WAY_S)
        return came & ~self.begun.until(since_s)


def _missed(member: Member, owed: _Owed) -> tuple[int, int]:
    """Return how many frames came without this member: there, and while away."""
    there = ever = 0
    for since_s, left_s in member.was_there:
        there |= owed.between(since_s, left_s)
    if member.was_there:
        first_s, last_s = member.was_there[0][0], member.was_there[-1][1]
        ever = owed.between(first_s, max(last_s, member.left_s or last_s))
    missed = there & ~member.got
    return missed.bit_count(), (ever & ~there & ~member.got).bit_count()
