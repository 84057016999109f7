"""What registered clients got of their rooms, and what that says. Pure.

The first receipt of a frame is what counts: a worker sends the newest one again from
time to time. Times are in seconds since the epoch, those that a message carries in
whole milliseconds: a hop can come out up to one too long or too short.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from clients.crowd.latency import latency
from tests.load.case_run import Audience
from tests.load.matching import Sighting


class Relayed(msgspec.Struct, array_like=True, frozen=True):
    """A frame as it came to a registered client."""

    frame: str
    total: int
    made_s: float
    bridged_s: float
    worker_s: float
    arrived_s: float


class Member(msgspec.Struct, array_like=True, frozen=True):
    """A registered client and what it got, in the order it came."""

    cluster: str
    room: str
    got: tuple[Relayed, ...]

    @property
    def sightings(self) -> list[Sighting]:
        """The same as a viewer's."""
        return [
            Sighting(one.arrived_s, one.total, one.made_s, one.bridged_s, one.worker_s)
            for one in self.got
        ]

    def first(self) -> dict[str, Relayed]:
        """Return each frame's first receipt."""
        return {one.frame: one for one in reversed(self.got)}


def missed(members: Sequence[Member], until_s: float) -> Mapping[str, tuple[int, int]]:
    """Return room → frames missed, and by how many members, where there are such.

    A frame that one member got is missed by each other one of its room that did not.

    Args:
        members: Who was there before the first frame and after the last.
        until_s: What comes to nobody before this is left out: it may be under way.
    """
    found: defaultdict[str, list[int]] = defaultdict(list)
    for room, of_room in _by_room(members).items():
        got = [member.first() for member in of_room]
        every = {
            name
            for first in got
            for name, one in first.items()
            if one.arrived_s < until_s
        }
        found[room] = [gap for first in got if (gap := len(every - first.keys()))]
    return {room: (sum(gaps), len(gaps)) for room, gaps in found.items() if gaps}


def figures(
    members: Sequence[Member], *, from_s: float, until_s: float
) -> Audience | None:
    """Return how frames came to a room's members; None where there are none.

    Args:
        members: Of one room.
        from_s: Frames that came to somebody before this are left out.
        until_s: Those that came to nobody before this, too.
    """
    if not members:
        return None
    copies: defaultdict[tuple[str, str], list[Relayed]] = defaultdict(list)
    for member in members:
        for name, one in member.first().items():
            copies[member.cluster, name].append(one)
    begun_s = _begun_s(copies)
    measured = {
        key: all_of_it
        for key, all_of_it in copies.items()
        if from_s <= begun_s[key[1]] < until_s
    }
    hops_s = [
        one.arrived_s - one.worker_s for every in measured.values() for one in every
    ]
    return Audience(
        members=len(members),
        clusters=len({member.cluster for member in members}),
        frames=len({name for _, name in measured}),
        missed=sum(count for count, _ in missed(members, until_s).values()),
        relay=latency(hops_s),
        spread=latency([_range(x.worker_s for x in one) for one in measured.values()]),
        arrivals=latency(
            [_range(x.arrived_s for x in one) for one in measured.values()]
        ),
    )


def _begun_s(
    copies: Mapping[tuple[str, str], Sequence[Relayed]],
) -> Mapping[str, float]:
    """Return when each frame came to its first member, of whichever cluster."""
    begun_s: dict[str, float] = {}
    for (_, name), of_cluster in copies.items():
        first_s = min(one.arrived_s for one in of_cluster)
        begun_s[name] = min(first_s, begun_s.get(name, first_s))
    return begun_s


def _by_room(members: Iterable[Member]) -> Mapping[str, list[Member]]:
    rooms: defaultdict[str, list[Member]] = defaultdict(list)
    for member in members:
        rooms[member.room].append(member)
    return rooms


def _range(times_s: Iterable[float]) -> float:
    all_s = [*times_s]
    return max(all_s) - min(all_s)
