"""What a recount has found, added up; pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from stream.recount.claims import Counts

COUNTED = "counted"
"""The first copy of its batch."""

REPEATED = "repeated"
"""A later copy, while the batch was surely known."""

OVERDUE = "overdue"
"""A copy that came later than that: nothing is promised of it."""

UNREADABLE = "unreadable"

Row = tuple[str, bool, bool, str | None, int]
"""`(kind, is_inside, is_movable, emoji, reactions)`."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Reactions of a room, of the part that was asked for if not said otherwise.

    Attributes:
        counts: By emoji, repeats left out, what is overdue not.
        repeated: Later copies.
        overdue: Copies that may be counted or not; `counts` has them.
        unreadable: Elements and values that name no emoji.
        overdue_anywhere: Like `overdue`, outside of that part, too.
        movable: Of batches with copies inside and outside of that part.
        everywhere: Like the sum of `counts`, outside of that part, too.
        read: All that was read for this.
    """

    counts: Counts
    repeated: int
    overdue: int
    unreadable: int
    overdue_anywhere: int
    movable: int
    everywhere: int
    read: int

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Self:
        """Add up the rows of a recount."""
        counts: Counts = {}
        inside = dict.fromkeys((COUNTED, REPEATED, OVERDUE, UNREADABLE), 0)
        movable = everywhere = overdue = read = 0
        for kind, is_inside, is_movable, emoji, reactions in rows:
            read += reactions
            is_counted = kind in {COUNTED, OVERDUE}
            everywhere += reactions * is_counted
            overdue += reactions * (kind == OVERDUE)
            movable += reactions * (is_movable and kind == COUNTED)
            if is_inside:
                inside[kind] += reactions
            if is_inside and is_counted and emoji is not None:
                counts[emoji] = counts.get(emoji, 0) + reactions
        return cls(
            counts=counts,
            repeated=inside[REPEATED],
            overdue=inside[OVERDUE],
            unreadable=inside[UNREADABLE],
            overdue_anywhere=overdue,
            movable=movable,
            everywhere=everywhere,
            read=read,
        )

    @property
    def recounted(self) -> int:
        """All that is in `counts`."""
        return sum(self.counts.values())
