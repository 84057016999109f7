"""Who got which frame when, in as little memory as that takes. Pure.

A frame is named by its position and gets a number at its first sight; a member keeps
a bit for each that it got, and when it was there. It missed a frame that somebody got
and it did not, if it was there from before the frame's first arrival until well after
it. What comes as retained says nothing of when a frame was sent: it is got, not timed.

Times are in seconds since the epoch, as the kernel noted them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from clients.crowd.latency import Latency, Reservoir, latency
from clients.crowd.member import Member, Missed, missed
from stream.frame import Position

_ON_ITS_WAY_MAX_S = 60.0


class Sight(NamedTuple):
    """A copy of a frame, as it is the same for everybody whom one worker serves."""

    number: int
    total: int
    worker_s: float
    """When the worker sent it; 0 if it did not say."""


@dataclass(slots=True)
class _Copies:
    """A frame in one cluster, first receipts only."""

    count: int = 0
    first_s: float = float("inf")
    last_s: float = float("-inf")
    first_worker_s: float = float("inf")
    last_worker_s: float = float("-inf")

    def add(self, arrived_s: float, worker_s: float) -> None:
        self.count += 1
        self.first_s = min(self.first_s, arrived_s)
        self.last_s = max(self.last_s, arrived_s)
        if worker_s:
            self.first_worker_s = min(self.first_worker_s, worker_s)
            self.last_worker_s = max(self.last_worker_s, worker_s)


@dataclass(slots=True)
class _Frame:
    position: Position
    made_s: float
    first_s: float = float("inf")
    """Infinite while it has only come as retained."""

    by_cluster: dict[str, _Copies] = field(default_factory=dict)

    @property
    def is_timed(self) -> bool:
        """Whether it came to somebody who was there for it."""
        return bool(self.by_cluster)

    @property
    def begun_s(self) -> float:
        """Who is there from now on is owed it.

        A worker sends the newest frame to whom it serves first, also an old one; by
        its time such a frame is known, if the clocks agree at all.
        """
        is_plausible = 0 <= self.first_s - self.made_s <= _ON_ITS_WAY_MAX_S
        return self.made_s if is_plausible else self.first_s


class Book:
    """All frames of a room, and what its members got of them."""

    def __init__(self) -> None:
        self.deliveries = 0
        """First receipts: a worker sends the newest frame again from time to time."""
        self.newest = 0
        self.lag_s = 0.0
        """The longest from when the kernel had a frame until it was read."""
        self.relay = Reservoir()
        self._frames: list[_Frame] = []
        self._numbers: dict[Position, int] = {}
        self._measured_from = 0
        self._mark: tuple[float, Position] | None = None

    def number(self, position: Position, made_s: float) -> int:
        """Return a frame's number."""
        known = self._numbers.get(position)
        if known is None:
            known = self._numbers[position] = len(self._frames)
            self._frames.append(_Frame(position, made_s))
        return known

    def take(
        self,
        member: Member,
        cluster: str,
        sight: Sight,
        arrived_s: float,
        *,
        retained: bool,
    ) -> bool:
        """Note that a frame came to a member; return whether it did not have it."""
        bit = 1 << sight.number
        if member.got & bit:
            return False
        member.got |= bit
        self.deliveries += 1
        if member.keeps and (not member.totals or sight.total > member.totals[-1]):
            member.totals.append(sight.total)
            member.arrived_s.append(arrived_s)
        self.newest = max(self.newest, sight.total)
        frame = self._frames[sight.number]
        if self._mark is not None and member.newer_s is None:
            self._note_newer(member, frame.position, arrived_s)
        if not retained:
            self._time(member, frame, cluster, sight, arrived_s)
        return True

    def mark(self, at_s: float) -> None:
        """From now on note who gets what is newer than all that was there then."""
        newest = max(
            (one.position for one in self._frames if one.begun_s <= at_s),
            default=("", 0, 0),
        )
        self._mark = (at_s, newest)

    def measure(self) -> None:
        """Take all so far as warm-up."""
        self._measured_from = len(self._frames)
        self.lag_s = 0.0
        self.relay.clear()

    @property
    def frames(self) -> int:
        """Frames that came to somebody who was there for them."""
        return sum(frame.is_timed for frame in self._frames)

    def missed(self, members: Iterable[Member]) -> Missed:
        """Return what these members did not get; they are all away."""
        every = enumerate(self._frames)
        timed = [(frame, number) for number, frame in every if frame.is_timed]
        return missed(
            members,
            sorted((frame.begun_s, number) for frame, number in timed),
            sorted((frame.first_s, number) for frame, number in timed),
        )

    def spread(self) -> Latency | None:
        """Describe how long it takes from a cluster's first worker to its last."""
        return latency(
            [
                copies.last_worker_s - copies.first_worker_s
                for frame in self._timed()
                for copies in frame.by_cluster.values()
                if copies.last_worker_s >= copies.first_worker_s
            ]
        )

    def arrivals(self) -> Latency | None:
        """Describe how long it takes from a cluster's first member to its last."""
        return latency(
            [
                copies.last_s - copies.first_s
                for frame in self._timed()
                for copies in frame.by_cluster.values()
            ]
        )

    def everywhere(self) -> Latency | None:
        """Describe how long it takes from the first member of all to the last."""
        return latency(
            [
                max(one.last_s for one in frame.by_cluster.values())
                - min(one.first_s for one in frame.by_cluster.values())
                for frame in self._timed()
            ]
        )

    def reach(self) -> Latency | None:
        """Describe how long it takes from when a frame was made to its last member."""
        return latency([_last_s(frame) - frame.made_s for frame in self._timed()])

    def relayed(self) -> Latency | None:
        """Describe how long it takes from the first worker to the last member."""
        return latency(
            [
                _last_s(frame) - first_s
                for frame in self._timed()
                if (first_s := _first_worker_s(frame)) < float("inf")
            ]
        )

    @property
    def last_s(self) -> float:
        """When the last of what is measured came; 0 if nothing did."""
        return max((_last_s(frame) for frame in self._timed()), default=0.0)

    def newer(self, members: Iterable[Member]) -> Latency | None:
        """Describe how long after the mark members got something newer."""
        if self._mark is None:
            return None
        at_s, _ = self._mark
        return latency(
            [one.newer_s - at_s for one in members if one.newer_s is not None]
        )

    def _time(
        self,
        member: Member,
        frame: _Frame,
        cluster: str,
        sight: Sight,
        arrived_s: float,
    ) -> None:
        since_s = member.since_s
        if since_s is None or since_s > min(arrived_s, frame.first_s):
            return  # it came later than the frame: it was sent one that is kept
        frame.first_s = min(frame.first_s, arrived_s)
        copies = frame.by_cluster.get(cluster)
        if copies is None:
            copies = frame.by_cluster[cluster] = _Copies()
        copies.add(arrived_s, sight.worker_s)
        if sight.worker_s and sight.number >= self._measured_from:
            self.relay.add(arrived_s - sight.worker_s)

    def _note_newer(self, member: Member, position: Position, arrived_s: float) -> None:
        assert self._mark is not None  # noqa: S101 - for the type checker
        at_s, newest = self._mark
        if arrived_s > at_s and position > newest:
            member.newer_s = arrived_s

    def _timed(self) -> Iterator[_Frame]:
        for frame in self._frames[self._measured_from :]:
            if frame.is_timed:
                yield frame


def _last_s(frame: _Frame) -> float:
    return max(one.last_s for one in frame.by_cluster.values())


def _first_worker_s(frame: _Frame) -> float:
    return min(one.first_worker_s for one in frame.by_cluster.values())
