"""What one repeat of a case found; part of the JSON that `measured` describes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from clients.crowd.latency import Latency
from tests.load.crowd_run import FanOut, Scaled, Storm

GENERATOR, AUDIENCE, HARNESS = "generator", "audience", "harness"

OURS = (GENERATOR, AUDIENCE, HARNESS)
"""Names in `Usage` that are not the system's: what sends, and what watches it."""

_WORKER = re.compile(r".+-worker-\d+")


@dataclass(frozen=True, slots=True)
class Usage:
    """What one process, with all that it started, used in the measured time."""

    name: str
    """As supervisord calls it (`supervisord` itself, too), or one of `OURS`."""

    cpu_cores: float
    """CPU time by wall time: exact, not sampled."""

    cpu_peak_cores: float
    """The busiest second."""

    rss_mib: float
    rss_peak_mib: float
    pss_mib: float | None = None
    """At the end; shared pages by their share. None where it cannot be read."""

    @property
    def is_worker(self) -> bool:
        """Whether this is one of the clusters' workers."""
        return bool(_WORKER.fullmatch(self.name))


@dataclass(frozen=True, slots=True)
class Book:
    """What became of every reaction that was sent, warm-up included."""

    accepted: int
    """In batches answered 202."""

    refused: int
    """In batches that were certainly not stored."""

    unknown: int
    """In batches without a certain answer, though repeated under their keys."""

    counted: int
    """The sum of the rooms' totals after the run."""

    @property
    def is_exact(self) -> bool:
        """Whether the promise holds: accepted ≤ counted ≤ accepted + unknown."""
        return self.accepted <= self.counted <= self.accepted + self.unknown


@dataclass(frozen=True, slots=True)
class Start:
    """One start of the system, after set-up."""

    ready_s: float
    """From `up` until it returns: every process is ready."""

    first_frame_s: float
    """From there: a first reaction is sent, until its frame is at a cluster broker."""


@dataclass(frozen=True, slots=True)
class Audience:
    """How frames came to many registered clients of one room."""

    members: int
    clusters: int
    frames: int
    """That came to any of them in the measured time."""

    missed: int
    """Of all frames, warm-up included: what a member did not get and another did."""

    relay: Latency | None = None
    """Worker → registered client: of each frame to each member."""

    spread: Latency | None = None
    """From a cluster's first worker that sends a frame on to its last."""

    arrivals: Latency | None = None
    """From a frame's arrival at a cluster's first member to that at its last."""


@dataclass(frozen=True, slots=True)
class CaseRun:
    """One repeat of a case. What a kind of case does not measure is None."""

    measured_s: float
    """Warm-up excluded."""

    usage: tuple[Usage, ...] = ()
    offered_per_s: float | None = None
    """Reactions a second as scheduled, or, for a maximum, as sent."""

    accepted_per_s: float | None = None
    """Reactions a second answered 202 in the measured time."""

    answers: Mapping[str, int] = field(default_factory=dict)
    """First answers to POSTs in the measured time: status, or `none`."""

    late_share: float | None = None
    """Of the POSTs: the generator came to them more than 10 ms after their time."""

    book: Book | None = None
    post: Latency | None = None
    """Scheduled send → answer."""

    canary: Latency | None = None
    """Scheduled tap → its frame at a cluster broker."""

    registered: Latency | None = None
    """Scheduled tap → its frame at a registered client; of each cluster one."""

    audience: Audience | None = None
    fan_out: FanOut | None = None
    storm: Storm | None = None
    scaled: Scaled | None = None
    loaded: Latency | None = None
    """Scheduled send of a loaded room's batch → the first frame that counts it."""

    hops_ms: Mapping[str, float] = field(default_factory=dict)
    """Medians of the canary's way, in its order. Up to the viewer, together about
    `canary.p50_ms`; then the hops that a registered client's frames have instead of
    the last."""

    start: Start | None = None
    notes: Mapping[str, float | str] = field(default_factory=dict)
    """What is worth knowing besides: connections of a closed loop, for example."""

    invalid: tuple[str, ...] = ()
    """Why the figures cannot be trusted: the generator's fault. Empty = valid."""

    failures: tuple[str, ...] = ()
    """What the system did wrong: accepted was not counted, for example."""

    excess: tuple[str, ...] = ()
    """Why the offered load is more than this machine takes. The figures stand: they say
    what became of it."""

    @property
    def system_cpu_cores(self) -> float:
        """CPU of the system, without what measures it."""
        return sum(one.cpu_cores for one in self.usage if one.name not in OURS)

    @property
    def system_rss_mib(self) -> float:
        """Peak memory of the system, without what measures it."""
        return sum(one.rss_peak_mib for one in self.usage if one.name not in OURS)
