"""What one repeat of a case with thousands of clients found; part of a `CaseRun`."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from clients.crowd.latency import Latency

_ONE_IN = 100


@dataclass(frozen=True, slots=True)
class Fanned:
    """How one system brought frames to its viewers."""

    deliveries_per_s: float
    """From the first frame until the last has come, or the next would be due."""

    missed: int
    """Deliveries that never came: of each frame to each viewer there is one."""

    reach: Latency | None
    """Of each frame: published → the last viewer has it."""

    apart: Latency | None
    """Of each frame: first → last arrival, over all viewers."""

    broker_cores: float
    """CPU of all its brokers."""

    connection_kib: float | None
    """By how much a broker's memory grew for a connection; None where it had been as
    great before."""

    viewers_share: float
    """Of a core: what the viewers' process used."""

    lag_s: float = 0.0
    """The longest from a frame's arrival until it was read."""

    @property
    def per_core_s(self) -> float:
        """Deliveries for a core-second of the brokers."""
        if not self.broker_cores:
            return 0.0
        return self.deliveries_per_s / self.broker_cores


@dataclass(frozen=True, slots=True)
class FanOut:
    """The same frames to as many viewers of one room: ours, and on a bare broker."""

    viewers: int
    frames: int
    frame_bytes: int
    ours: Fanned
    bare: Fanned | None
    """None where it could not be measured."""

    relayed: Latency | None
    """Of each frame: the first worker sends it on → the last viewer has it."""

    worker_cores: float
    """CPU of all workers."""

    @property
    def share(self) -> float | None:
        """Deliveries per second, of the bare broker's."""
        if self.bare is None or not self.bare.deliveries_per_s:
            return None
        return self.ours.deliveries_per_s / self.bare.deliveries_per_s

    @property
    def per_core_share(self) -> float | None:
        """Deliveries for a core-second of the brokers, of the bare broker's."""
        if self.bare is None or not self.bare.per_core_s:
            return None
        return self.ours.per_core_s / self.bare.per_core_s

    @property
    def going_out_share(self) -> float | None:
        """Deliveries per second while a frame goes out, of the bare broker's."""
        ours, bare = self.going_out_per_s(self.ours), self.going_out_per_s(self.bare)
        return ours / bare if ours and bare else None

    def going_out_per_s(self, side: Fanned | None) -> float | None:
        """Return those that get a frame by the median time until the last has it."""
        if side is None or not side.reach or not side.reach.p50_ms:
            return None
        get_it = self.viewers - side.missed / self.frames
        return get_it / (side.reach.p50_ms / 1000)


@dataclass(frozen=True, slots=True)
class Storm:
    """How many came, or came back, at a time."""

    clients: int
    joined: int
    """Of them: who was ever assigned."""

    put_off: int
    """Answers to who registered that it is to ask again: 503 and 429."""

    joins: Latency | None
    """POST → assignment, of those who were assigned."""

    connects_busiest: int
    """Connections begun in the busiest second, after the broker was killed if any; at
    a broker that is dead, too."""

    lost: int = 0
    """Who lost the connection when a broker was killed."""

    newer: Latency | None = None
    """Of those that got one: killed → the first newer frame."""

    not_newer: int = 0
    """Of all: who got nothing newer until the end."""

    reached_busiest: int | None = None
    """Of the connections those that a broker took, in their busiest second."""

    @property
    def never_assigned(self) -> int:
        """Who came for nothing."""
        return self.clients - self.joined

    @property
    def joins_p99_ms(self) -> float | None:
        """POST → assignment, of all who came."""
        return _p99_of_all(self.joins, self.clients)

    @property
    def newer_p99_ms(self) -> float | None:
        """Killed → newer frame, of all who lost the connection."""
        return _p99_of_all(self.newer, self.lost)


def _p99_of_all(came: Latency | None, everybody: int) -> float | None:
    """Return the 99th percentile where who never came is infinitely late.

    Where some never came, but not one in a hundred, it is at most the slowest one's.
    """
    missing = everybody - (came.n if came else 0)
    if missing * _ONE_IN > everybody:
        return math.inf
    if came is None:
        return None
    return came.max_ms if missing > 0 else came.p99_ms


@dataclass(frozen=True, slots=True)
class Scaled:
    """What auto-scaling made of clients that came and went."""

    clients: int
    """The most at a time."""

    clusters: Sequence[tuple[float, int]]
    """Seconds since it began → how many clusters there are from then on."""

    frames: int
    """That came to anybody."""

    missed: int
    """Deliveries that one client did not get though it was there."""

    published: int = 0
    """Frames, while the case ran."""

    to_nobody: int = 0
    """Of them: none of those came to whom they were due."""

    missed_away: int = 0
    """Deliveries that came while their client's connection was lost."""

    moves: int = 0
    """Clients that went to another cluster as they were told, make before break."""

    reconnects: int = 0
    """Connections that were lost, and found again."""

    never_assigned: int = 0
    turned_away: int = 0
    """Clients that were refused for good, or evicted."""

    not_back: int = 0
    """Clients that lost their connection, and were not served in the end."""

    @property
    def missed_in_all(self) -> int:
        """Deliveries that did not come between a first join and a planned leave.

        A frame that came to nobody counts once: whom it was due to is not told apart.
        """
        return self.missed + self.missed_away + self.to_nobody

    @property
    def unserved(self) -> int:
        """Clients that were not served though they wanted to be."""
        return self.never_assigned + self.turned_away + self.not_back

    @property
    def most(self) -> int:
        """The most clusters at a time."""
        return max((count for _, count in self.clusters), default=0)

    @property
    def last(self) -> int:
        """The clusters at the end."""
        return self.clusters[-1][1] if self.clusters else 0
