"""From what was sent and what was seen to tap → own client. Pure.

A frame's `total` says how many of its room's reactions are counted, not which. So the
k-th reaction in the order of sending is taken to be seen with the first frame whose
total reaches k. Where two overtook each other on the way, their latencies are swapped
for two of the same sum.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from clients.crowd.sending import Sendings
from clients.crowd.wire import Taps


def own_latencies(
    sendings: Sendings, taps: Sequence[Taps], before: int
) -> Iterator[float]:
    """Yield for each accepted batch how long it took to its own client, in seconds.

    From when it was due, which is when its last reaction was tapped, until the first
    frame that counts it and all before it came to the client that sent it. It ends
    at a batch of which nobody knows whether it is stored: which of the later ones a
    frame counts is not known either.

    Args:
        sendings: All that was sent to the room.
        taps: What each client saw, by its number.
        before: The room's total before the first.
    """
    counted = before
    for sent in sorted(sendings.sent, key=lambda one: one.due_s):
        if sent.outcome == "unknown":
            return
        if sent.outcome != "accepted":
            continue
        counted += sent.reactions
        seen = taps[sent.who]
        at = bisect_left(seen.totals, counted)
        if at < len(seen.totals):
            yield seen.arrived_s[at] - (sendings.started_s + sent.due_s)
