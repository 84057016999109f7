"""What one repeat of a case with thousands of clients found; part of a `CaseRun`."""

from collections.abc import Sequence
from dataclasses import dataclass

from clients.crowd.latency import Latency


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


@dataclass(frozen=True, slots=True)
class Storm:
    """How many came, or came back, at a time."""

    clients: int
    joined: int
    """Of them: who was ever assigned."""

    put_off: int
    """Answers to who registered that it is to ask again: 503 and 429."""

    joins: Latency | None
    """POST → assignment."""

    connects_busiest: int
    """Connections begun in the busiest second, after the broker was killed if any."""

    lost: int = 0
    """Who lost the connection when a broker was killed."""

    newer: Latency | None = None
    """Of those: killed → the first newer frame."""

    not_newer: int = 0
    """Of all: who got nothing newer until the end."""


@dataclass(frozen=True, slots=True)
class Scaled:
    """What auto-scaling made of clients that came and went."""

    clients: int
    """The most at a time."""

    clusters: Sequence[tuple[float, int]]
    """Seconds since it began → how many clusters there are from then on."""

    frames: int
    missed: int
    """Deliveries that one client did not get though it was there."""

    @property
    def most(self) -> int:
        """The most clusters at a time."""
        return max((count for _, count in self.clusters), default=0)

    @property
    def last(self) -> int:
        """The clusters at the end."""
        return self.clusters[-1][1] if self.clusters else 0
