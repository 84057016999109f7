"""How long it takes from a tap to this screen, while it goes on. Pure.

The timetable says when which reaction is due, and a frame's total how many are counted:
the k-th that is due is taken to be seen with the first total that reaches k.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable

from clients.crowd.latency import Latency, latency
from clients.crowd.schedule import Due


class Tapped:
    """Compares what was due with what is counted.

    Args:
        timetable: What is sent, in the order of time.
    """

    def __init__(self, timetable: Iterable[Due]) -> None:
        self._due_s, self._sums = array("d"), array("q")
        whole = 0
        for due in timetable:
            whole += due.reactions
            self._due_s.append(due.at_s)
            self._sums.append(whole)
        self._seen = 0
        self._latencies_s = array("d")

    def see(self, counted: int, at_s: float) -> None:
        """Take that so many are counted, as it is shown so long after the start."""
        seen = bisect_right(self._sums, counted)
        self._latencies_s.extend(
            at_s - due_s for due_s in self._due_s[self._seen : seen]
        )
        self._seen = max(seen, self._seen)

    @property
    def latency(self) -> Latency | None:
        """How long it took for each batch so far."""
        return latency(self._latencies_s)
