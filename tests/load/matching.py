"""From what was sent and what was seen to latencies and their hops. Pure.

Which batch a frame counts is taken to be as `clients.crowd.matching` says it.
"""

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import msgspec

from clients.crowd.matching import counted
from clients.crowd.relayed import Brief
from clients.crowd.sending import Sent
from stream.frame import Position


class Sighting(msgspec.Struct, array_like=True, frozen=True, kw_only=True):
    """A frame as it came to somebody; times in seconds since the epoch."""

    position: Position
    total: int
    made_s: float
    bridged_s: float
    worker_s: float | None = None
    """None where no worker was on its way."""

    arrived_s: float

    @classmethod
    def of(
        cls,
        frame: Brief,
        arrived_s: float,
        *,
        bridge_ms: int | None,
        worker_s: float | None = None,
    ) -> Self:
        """Describe a frame that came; the bridge may not have said when it sent it."""
        return cls(
            position=frame.position,
            total=frame.total,
            made_s=frame.made_s,
            bridged_s=frame.made_s if bridge_ms is None else bridge_ms / 1000,
            worker_s=worker_s,
            arrived_s=arrived_s,
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """A batch and the first frame that counts all of it."""

    due_s: float
    """In seconds since the epoch, as the sighting's times."""

    answered_s: float
    sighting: Sighting

    @property
    def latency_s(self) -> float:
        """From the scheduled send to the frame's arrival."""
        return self.sighting.arrived_s - self.due_s


def match(
    batches: Iterable[Sent], sightings: Iterable[Sighting], started_s: float
) -> Iterator[Seen]:
    """Yield each batch with the frame that first counted it; unseen ones are left out.

    Args:
        batches: All of a room since its first reaction, in any order.
        sightings: All frames of that room, in the order of their arrival.
        started_s: When the first batch was due, in seconds since the epoch.
    """
    coming = iter(sightings)
    newest = next(coming, None)
    for batch, total in counted(batches):
        if total is None:
            return
        while newest is not None and newest.total < total:
            newest = next(coming, None)
        if newest is None:
            return
        yield Seen(started_s + batch.due_s, started_s + batch.answered_s, newest)


def hops_ms(seen: Sequence[Seen]) -> dict[str, float]:
    """Return the median of each hop, in their order."""
    if not seen:
        return {}
    hops = {
        "tap → answered": [one.answered_s - one.due_s for one in seen],
        "answered → made": [one.sighting.made_s - one.answered_s for one in seen],
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
