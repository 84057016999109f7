"""Whether what was seen is what is promised: A ≤ T ≤ A + I, the same everywhere. Pure.

A is what was answered 202, I what nobody can tell, T the total that is shown; each by
room and emoji, and since the trial began.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.faults.book import Book
from tests.faults.sight import Shown, Sight


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the reactions of a trial."""

    lost: int
    """Reactions that were accepted and are in no total."""

    twice: int
    """Reactions that are in a total and were never sent, or counted before."""

    broken: tuple[str, ...]
    """Each promise that was not kept, in words."""


def newest(room: str, sights: Sequence[Sight]) -> Shown | None:
    """Return the newest frame of a room that anybody was shown."""
    seen = [sight.newest[room] for sight in sights if room in sight.newest]
    return max(seen, key=lambda shown: shown.position, default=None)


def is_settled(
    book: Book,
    before: Mapping[str, Counter[str]],
    sights: Mapping[str, Sequence[Sight]],
) -> bool:
    """Tell whether everybody is shown the same, and it is what was accepted."""
    return all(_room_is_settled(room, book, before, sights[room]) for room in sights)


def judged(
    book: Book,
    before: Mapping[str, Counter[str]],
    sights: Mapping[str, Sequence[Sight]],
) -> Verdict:
    """Compare the book of a trial with what all are shown at its end.

    Args:
        book: What became of what was sent in the trial.
        before: The totals of each room when it began.
        sights: Who watches each room.
    """
    lost = twice = 0
    broken = list(book.wrong)
    for room, watching in sights.items():
        shown = newest(room, watching)
        if shown is None:
            lost += book.accepted[room].total()
            broken.append(f"{room}: nobody was shown a frame")
            continue
        counted = _less(shown.totals, before[room])
        missing = _less(book.accepted[room], counted)
        extra = _less(counted, book.accepted[room] + book.unknown[room])
        lost += _above_zero(missing)
        twice += _above_zero(extra)
        broken += _what_is_off(room, missing, "lost")
        broken += _what_is_off(room, extra, "counted twice")
        if shown.totals.total() != shown.total:
            broken.append(f"{room}: total {shown.total} is not the sum of its totals")
        broken += [_differs(sight, shown) for sight in watching if _lags(sight, shown)]
    return Verdict(lost, twice, tuple(broken))


def _room_is_settled(
    room: str,
    book: Book,
    before: Mapping[str, Counter[str]],
    watching: Sequence[Sight],
) -> bool:
    shown = newest(room, watching)
    if shown is None or any(_lags(sight, shown) for sight in watching):
        return False
    missing = _less(book.accepted[room], _less(shown.totals, before[room]))
    return not _above_zero(missing)


def _lags(sight: Sight, shown: Shown) -> bool:
    seen = sight.newest.get(shown.room)
    return seen is None or seen.totals != shown.totals


def _differs(sight: Sight, shown: Shown) -> str:
    seen = sight.total(shown.room)
    return f"{sight.who} is shown {seen} of {shown.room}, not {shown.total}"


def _what_is_off(room: str, off: Mapping[str, int], what: str) -> list[str]:
    return [f"{room}: {count} {one} {what}" for one, count in off.items() if count > 0]


def _less(more: Mapping[str, int], less: Mapping[str, int]) -> Counter[str]:
    """Subtract, and keep what is below zero: a `-` of counters would not."""
    return Counter(
        {one: more.get(one, 0) - less.get(one, 0) for one in {**more, **less}}
    )


def _above_zero(counts: Mapping[str, int]) -> int:
    return sum(count for count in counts.values() if count > 0)
