"""What a cluster's broker shows of a window: the newest frame of it that came.

Only newest frames travel, and not each comes; so there is no journal, and a window
that was overtaken stays short. It is shown, and nothing is concluded from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from stream.auditor.frames import Seen


@dataclass(frozen=True, slots=True)
class Shown:
    """A window as a broker shows it.

    Attributes:
        base: What earlier epochs had counted.
        before: What this epoch had counted before `seq`.
        count: What it has counted by now.
    """

    epoch: str
    seq: int
    base: int
    before: int
    count: int

    @property
    def sum(self) -> int:
        """All that was counted."""
        return self.base + self.count


def show(known: Shown | None, frame: Seen, newest: Mapping[str, int]) -> Shown:
    """Return the window with one more frame.

    Args:
        known: The window before; None for a new one.
        frame: What came.
        newest: The newest trigger that was seen of each epoch, of any room. A new
            epoch counts its reactions again.
    """
    if known is None:
        return Shown(frame.epoch, frame.seq, 0, 0, frame.count)
    if frame.trigger < (known.epoch, known.seq):
        return known
    base, before = known.base, known.count
    if frame.epoch != known.epoch:
        is_cut = known.seq == newest.get(known.epoch, known.seq)
        base, before = base + (known.before if is_cut else known.count), 0
    elif frame.seq == known.seq:
        before = known.before
    return Shown(frame.epoch, frame.seq, base, before, frame.count)
