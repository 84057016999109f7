"""Which records of a batch are repeats: decided by where they lie in the log.

Pure, and the same in whichever order partitions were read: of every batch all copies
are kept for a while, and what follows from them is worked out anew with each.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from stream.auditor.ledger import MINUTE_MS

Shares = Counter[tuple[int, str]]
"""How many reactions belong into which column of which minute."""


@dataclass(frozen=True, slots=True, order=True)
class Copy:
    """One record of a batch; copies are in the order of the log.

    Attributes:
        reactions: How many of it can be read.
        is_late: Whether it is behind what its own partition had shown before: then
            the stream can no longer count it, nor know a repeat by it.
    """

    appended_ms: int
    partition: int
    offset: int
    reactions: int
    is_late: bool = False


class Judge:
    """Sorts the copies of a batch into columns.

    Args:
        dedupe_ms: How long after a record its repeats are dropped for certain.
        minute_of: Into which minute of the books a moment falls.
    """

    def __init__(self, dedupe_ms: int, minute_of: Callable[[int], int]) -> None:
        self._dedupe_ms, self._minute_of = dedupe_ms, minute_of

    def change(self, known: Iterable[Copy], copy: Copy) -> Shares:
        """Return by how much one more copy changes the columns."""
        known = [*known]
        change = self.shares([*known, copy])
        change.subtract(self.shares(known))
        return change

    def shares(self, copies: Iterable[Copy]) -> Shares:
        """Return what the columns `repeated`, `overdue`, `late`, `movable` hold."""
        ordered = sorted(copies)
        shares: Shares = Counter()
        for copy in ordered:
            if copy.is_late:
                shares[self._minute_of(copy.appended_ms), "late"] += copy.reactions
        groups = [*self._groups(copy for copy in ordered if not copy.is_late)]
        for number, group in enumerate(groups):
            if number:
                first = group[0]
                shares[self._minute_of(first.appended_ms), "overdue"] += first.reactions
            self._add_repeats(shares, group)
        return shares

    def pruned(self, copies: Iterable[Copy], before_ms: int) -> list[Copy]:
        """Leave out copies that decide nothing about any that may still come.

        Args:
            copies: Of one batch.
            before_ms: All copies before that moment are among them.
        """
        ordered = sorted(copies)
        old = [c for c in ordered if c.appended_ms < before_ms and not c.is_late]
        groups = [*self._groups(old)]
        kept = {groups[-1][0], old[-1]} if groups else set()
        return [c for c in ordered if c in kept or c.appended_ms >= before_ms]

    def _groups(self, copies: Iterable[Copy]) -> Iterator[list[Copy]]:
        """Yield each copy that can count, with those that certainly repeat it."""
        group: list[Copy] = []
        for copy in copies:
            if group and copy.appended_ms - group[0].appended_ms > self._dedupe_ms:
                yield group
                group = []
            group.append(copy)
        if group:
            yield group

    def _add_repeats(self, shares: Shares, group: list[Copy]) -> None:
        """Note a group's repeats; which copy of it is counted, chance decides.

        So at the end of each minute between them its reactions may stand on either
        side: they are movable there.
        """
        minutes = [self._minute_of(copy.appended_ms) for copy in group]
        for copy, minute in zip(group[1:], minutes[1:], strict=True):
            shares[minute, "repeated"] += copy.reactions
        for earlier, later in pairwise(minutes):
            for minute in range(earlier, later, MINUTE_MS):
                shares[minute, "movable"] += max(copy.reactions for copy in group)
