"""A recount beside what the stream says: whether they agree; pure."""

from typing import Self

import msgspec

from stream.recount.claims import REST, Claim, Counts, Offsets
from stream.recount.tally import Tally


class Removed(msgspec.Struct, frozen=True):
    """What Kafka no longer holds.

    Attributes:
        below: Offsets that are gone, of all rooms, by partition.
        since_ms: All that was stored from then on is kept; null if nothing is.
    """

    below: Offsets
    since_ms: int | None


class Recount(msgspec.Struct, frozen=True, kw_only=True):
    """What a recount of a room has found; all numbers are reactions.

    Attributes:
        room: Whose.
        from_ms: Of a part of the time, the first moment; null for all of the log.
        to_ms: The first moment after it.
        counted: What the stream says; null if it can say nothing of this part.
        recounted: What the log says.
        difference: `recounted` less `counted`.
        slack: So much of a difference could be none: overdue repeats, and batches
            with copies on both sides of an edge.
        wrong: Emoji whose numbers differ: counted, recounted.
        missing: Reactions that were there when it began, and are in no total when it
            ends; null where that cannot be told.
        removed: What is gone; null if nothing is.
        agrees: Null where it cannot be told.
        read: Reactions that were read for it, in `seconds`.
    """

    v: int = 1
    room: str
    from_ms: int | None = None
    to_ms: int | None = None
    counted: int | None
    recounted: int
    difference: int | None
    slack: int
    wrong: dict[str, tuple[int, int]] = {}
    missing: int | None = None
    repeated: int
    overdue: int
    unreadable: int
    removed: Removed | None = None
    agrees: bool | None
    read: int
    seconds: float

    @property
    def per_s(self) -> int:
        """Reactions read a second, without the start of Spark."""
        return round(self.read / self.seconds) if self.seconds else 0

    @classmethod
    def of_all(  # noqa: PLR0913 - all that a room is judged by
        cls,
        room: str,
        claim: Claim,
        tally: Tally,
        removed: Removed | None,
        *,
        total: int,
        seconds: float,
    ) -> Self:
        """Compare all of the log with a room's totals.

        What retention has removed is in the totals, and cannot be recounted: then the
        log may have less, and never more.

        Args:
            room: Whose.
            claim: What was said of it before the log's end was looked for.
            tally: What the log says.
            removed: What of the log is gone.
            total: The room's newest when the recount was done.
            seconds: How long that took.
        """
        counted = sum(claim.counts.values())
        difference = tally.recounted - counted
        missing = None if removed else max(0, tally.everywhere - total)
        wrong = {} if removed else _wrong(claim.counts, tally.counts)
        is_less = difference > tally.overdue or (missing or 0) > tally.overdue_anywhere
        is_more = difference < 0 or claim.total > tally.everywhere
        is_other = bool(wrong) and not tally.overdue
        agrees = None if removed else not (is_less or is_more or is_other)
        return cls(
            room=room,
            counted=counted,
            recounted=tally.recounted,
            difference=difference,
            slack=tally.overdue,
            wrong=wrong,
            missing=missing,
            repeated=tally.repeated,
            overdue=tally.overdue,
            unreadable=tally.unreadable,
            removed=removed,
            agrees=False if is_less else agrees,
            read=tally.read,
            seconds=seconds,
        )

    @classmethod
    def of_time(  # noqa: PLR0913 - all that a part of the time is judged by
        cls,
        room: str,
        between: tuple[int, int],
        counted: int | None,
        tally: Tally,
        removed: Removed | None,
        *,
        seconds: float,
    ) -> Self:
        """Compare a part of the time with the windows that begin in it."""
        slack = tally.movable + tally.overdue
        difference = None if counted is None else tally.recounted - counted
        is_gone = removed and (removed.since_ms or between[1]) > between[0]
        agrees = None if difference is None else abs(difference) <= slack
        return cls(
            room=room,
            from_ms=between[0],
            to_ms=between[1],
            counted=counted,
            recounted=tally.recounted,
            difference=difference,
            slack=slack,
            repeated=tally.repeated,
            overdue=tally.overdue,
            unreadable=tally.unreadable,
            removed=removed if is_gone else None,
            agrees=None if is_gone else agrees,
            read=tally.read,
            seconds=seconds,
        )


def _wrong(counted: Counts, recounted: Counts) -> dict[str, tuple[int, int]]:
    if REST in counted:  # which emoji are in there is not known
        return {}
    return {
        emoji: (counted.get(emoji, 0), recounted.get(emoji, 0))
        for emoji in sorted(counted.keys() | recounted.keys())
        if counted.get(emoji, 0) != recounted.get(emoji, 0)
    }
