"""Who got which frame when, in as little memory as that takes. Pure.

A frame is named by its position and gets a number at its first sight; a member keeps
a bit for each that it got, and when it was there. It missed a frame that somebody got
and it did not, if it was there from before the frame's first arrival until well after
it. What comes as retained says nothing of when a frame was sent: it is got, not timed.

Times are in seconds since the epoch, as the kernel noted them.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from clients.crowd.latency import Latency, Reservoir, latency
from clients.crowd.member import Member, Missed, missed
from clients.crowd.seen import Copies, Seen
from stream.frame import Position


class Sight(NamedTuple):
    """A copy of a frame, as it is the same for everybody whom one worker serves."""

    number: int
    total: int
    worker_s: float
    """When the worker sent it; 0 if it did not say."""


class Book:
    """All frames of a room, and what its members got of them."""

    def __init__(self) -> None:
        self.deliveries = 0
        """First receipts: a worker sends the newest frame again from time to time."""
        self.newest = 0
        self.lag_s = 0.0
        """The longest from when the kernel had a frame until it was read."""
        self.relay = Reservoir()
        self._frames: list[Seen] = []
        self._came, self._came_by_s = array("q"), array("d")
        """The numbers of those that came to who was there, as they came; and by when
        all before had: it rises."""

        self._numbers: dict[Position, int] = {}
        self._measured_from = 0
        self._mark: tuple[float, Position] | None = None

    def number(self, position: Position, made_s: float) -> int:
        """Return a frame's number."""
        known = self._numbers.get(position)
        if known is None:
            known = self._numbers[position] = len(self._frames)
            self._frames.append(Seen(position, made_s))
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
        return len(self._came)

    @property
    def made_s(self) -> list[float]:
        """When each of those was made."""
        return [self._frames[number].made_s for number in self._came]

    def missed(self, members: Iterable[Member]) -> Missed:
        """Return what these members did not get; they are all away.

        Only what came since the first of them was there is looked at.
        """
        them = [*members]
        spells = (one.was_there[0] for one in them if one.was_there)
        since_s = min((since_s for since_s, _ in spells), default=float("inf"))
        since = bisect_right(self._came_by_s, since_s)
        owed = [(self._frames[number], number) for number in self._came[since:]]
        return missed(
            them,
            sorted((frame.begun_s, number) for frame, number in owed),
            sorted((frame.first_s, number) for frame, number in owed),
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
        return latency([frame.last_s - frame.made_s for frame in self._timed()])

    def relayed(self) -> Latency | None:
        """Describe how long it takes from the first worker to the last member."""
        return latency(
            [
                frame.last_s - first_s
                for frame in self._timed()
                if (first_s := frame.first_worker_s) < float("inf")
            ]
        )

    @property
    def last_s(self) -> float:
        """When the last of what is measured came; 0 if nothing did."""
        return max((frame.last_s for frame in self._timed()), default=0.0)

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
        frame: Seen,
        cluster: str,
        sight: Sight,
        arrived_s: float,
    ) -> None:
        since_s = member.since_s
        if since_s is None or since_s > min(arrived_s, frame.first_s):
            return  # it came later than the frame: it was sent one that is kept
        frame.first_s = min(frame.first_s, arrived_s)
        copies = frame.by_cluster.get(cluster)
        if not frame.is_timed:
            self._came.append(sight.number)
            self._came_by_s.append(max([arrived_s, *self._came_by_s[-1:]]))
        if copies is None:
            copies = frame.by_cluster[cluster] = Copies()
        copies.add(arrived_s, sight.worker_s)
        if sight.worker_s and sight.number >= self._measured_from:
            self.relay.add(arrived_s - sight.worker_s)

    def _note_newer(self, member: Member, position: Position, arrived_s: float) -> None:
        assert self._mark is not None  # noqa: S101 - for the type checker
        at_s, newest = self._mark
        if arrived_s > at_s and position > newest:
            member.newer_s = arrived_s

    def _timed(self) -> Iterator[Seen]:
        for frame in self._frames[self._measured_from :]:
            if frame.is_timed:
                yield frame
