"""From what was sent and what was seen to latencies. Pure.

A frame's `total` says how many of its room's reactions are counted, not which. So the
k-th reaction in the order of sending is taken to be seen with the first frame whose
total reaches k. Where two overtook each other on the way, their latencies are swapped
for two of the same sum.
"""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Batch:
    """An accepted batch of a room; times in seconds on one clock."""

    due_s: float
    answered_s: float
    reactions: int


@dataclass(frozen=True, slots=True)
class Sighting:
    """A frame as it came to a viewer; times on the same clock."""

    arrived_s: float
    total: int
    made_s: float
    bridged_s: float
    worker_s: float | None = None
    """None where no worker was on its way."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A batch and the first frame that counts all of it."""

    batch: Batch
    sighting: Sighting

    @property
    def latency_s(self) -> float:
        """From the scheduled send to the frame's arrival."""
        return self.sighting.arrived_s - self.batch.due_s


def match(batches: Sequence[Batch], sightings: Sequence[Sighting]) -> Iterator[Seen]:
    """Yield each batch with the frame that first counted it; unseen ones are left out.

    Args:
        batches: All accepted ones of a room since its first reaction, in any order.
        sightings: All frames of that room, in the order of their arrival.
    """
    coming = iter(sightings)
    newest = next(coming, None)
    counted = 0
    for batch in sorted(batches, key=lambda batch: batch.due_s):
        counted += batch.reactions
        while newest is not None and newest.total < counted:
            newest = next(coming, None)
        if newest is None:
            return
        yield Seen(batch, newest)


def hops_ms(seen: Sequence[Seen]) -> dict[str, float]:
    """Return the median of each hop, in their order."""
    if not seen:
        return {}
    hops = {
        "tap → answered": [one.batch.answered_s - one.batch.due_s for one in seen],
        "answered → made": [one.sighting.made_s - one.batch.answered_s for one in seen],
        "made → bridge": [one.sighting.bridged_s - one.sighting.made_s for one in seen],
        "bridge → viewer": [
            one.sighting.arrived_s - one.sighting.bridged_s for one in seen
        ],
    }
    return _medians_ms(hops)


def relay_hops_ms(seen: Sequence[Seen]) -> dict[str, float]:
    """Return the same of the hops that only a registered client's frames have."""
    passed = [
        (one.sighting, worker_s)
        for one in seen
        if (worker_s := one.sighting.worker_s) is not None
    ]
    if not passed:
        return {}
    return _medians_ms(
        {
            "bridge → worker": [worker_s - one.bridged_s for one, worker_s in passed],
            "worker → client": [one.arrived_s - worker_s for one, worker_s in passed],
        }
    )


def _medians_ms(hops: Mapping[str, Sequence[float]]) -> dict[str, float]:
    return {name: statistics.median(all_s) * 1000 for name, all_s in hops.items()}
