"""Whether more is counted than was sent, as far as that can be known. Pure.

The sender says now and then how much it has sent, and main with each frame how much is
counted. Neither is made of the other, and either may be the older one: only what was
counted before the sender spoke has to be in what it said.
"""

from collections import deque

_WORDS_AGO = 3
"""What is counted when the sender is heard may have been sent since it spoke; not what
was counted two words of its earlier."""


class Surplus:
    """Compares what the sender says with what main says."""

    def __init__(self) -> None:
        self._counted = deque([0] * _WORDS_AGO, maxlen=_WORDS_AGO)
        self._sent = self._known = 0

    def hear(self, sent: int, counted: int, *, is_all: bool) -> None:
        """Take how things stand.

        Args:
            sent: As the sender said last.
            counted: As main said last.
            is_all: Whether the sender sends nothing more.
        """
        if is_all:
            self._known = counted
        elif sent != self._sent:
            self._counted.append(counted)
            self._known = self._counted[0]
        self._sent = sent

    @property
    def now(self) -> int:
        """How many are counted for certain that were not sent."""
        return max(0, self._known - self._sent)
