"""From what was sent and what was seen to tap → own client. Pure.

A frame's `total` says how many of its room's reactions are counted, not which. So the
k-th reaction in the order of answers is taken to be seen with the first frame whose
total reaches k. Where two overtook each other on the way, their latencies are swapped
for two of the same sum.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from clients.crowd.sending import Sendings, Sent
from clients.crowd.wire import Taps


@dataclass(slots=True)
class Matched:
    """What became of the accepted batches, as their own clients saw it."""

    latencies_s: list[float] = field(default_factory=list)
    unseen: int = 0
    """Batches that never came to be counted where their own client saw it."""

    untold: int = 0
    """Batches after one of which nobody knows whether it is stored: which of these a
    frame counts is not known either."""


def own_latencies(sendings: Sendings, taps: Sequence[Taps], before: int) -> Matched:
    """Return for the accepted batches how long it took to their own clients.

    From when each was due, which is when its last reaction was tapped, until the first
    frame that counts it and all before it came to the client that sent it.

    Args:
        sendings: All that was sent to the room.
        taps: What each client saw, by its number.
        before: The room's total before the first.
    """
    found = Matched()
    for sent, total in counted(sendings.sent, before):
        if total is None:
            found.untold += 1
            continue
        seen = taps[sent.who]
        at = bisect_left(seen.totals, total)
        if at < len(seen.totals):
            tapped_s = sendings.started_s + sent.due_s
            found.latencies_s.append(seen.arrived_s[at] - tapped_s)
        else:
            found.unseen += 1
    return found


def counted(
    batches: Iterable[Sent], before: int = 0
) -> Iterator[tuple[Sent, int | None]]:
    """Yield the accepted batches, each with the room's total once it is counted.

    The total is None after a batch of which nobody knows whether it is stored.

    Args:
        batches: All of a room.
        before: The room's total before the first.
    """
    total, is_told = before, True
    for sent in sorted(batches, key=_counted_from_s):
        is_told &= sent.outcome != "unknown"
        if sent.outcome == "accepted":
            total += sent.reactions
            yield sent, total if is_told else None


def _counted_from_s(sent: Sent) -> float:
    """Return when it was stored at the latest; at the earliest if it may be."""
    return sent.sent_s if sent.outcome == "unknown" else sent.answered_s
