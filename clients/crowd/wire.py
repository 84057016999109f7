"""What the processes of a crowd tell each other: a line of JSON each.

The command gives an order to each of the two others, hears of their progress each
second or oftener, and in the end gets what they found.
"""

import msgspec

from clients.crowd.latency import Latency
from clients.crowd.sending import Sendings


class Errand(msgspec.Struct, frozen=True, kw_only=True):
    """What the sender is to do."""

    host: str
    port: int
    is_tls: bool = False
    prefix: str = ""
    """The path below which the system answers."""

    room: str
    run: str
    """Tells this crowd's clients and keys from all others'."""

    clients: int
    rate: float
    seconds: float
    seed: int
    timeline: str = ""
    speed: float = 1.0


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """Who is to come to the seats."""

    url: str
    room: str
    clients: int
    """Of these it is noted when they saw which total."""

    viewers: int
    arrive_within_s: float
    join_leave: bool = False
    """Whether viewers come and go."""

    steps_back: bool = True
    """Whether all others go first from `Measure` on."""


class Leave(msgspec.Struct, frozen=True, tag="leave"):
    """All shall leave; what they got is the answer."""


class Mark(msgspec.Struct, frozen=True, tag="mark"):
    """From `at_s` on: when does everybody get what is newer than all before?"""

    at_s: float


class Measure(msgspec.Struct, frozen=True, tag="measure"):
    """What came before this moment is warm-up: it is in no latency."""


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """Send nothing new, and wait for answers so long."""

    within_s: float


Order = Leave | Mark | Measure | Stop


class Started(msgspec.Struct, frozen=True, tag="started"):
    """When the first POST is due, in seconds since the epoch."""

    at_s: float


class SendingNow(msgspec.Struct, frozen=True, tag="sending"):
    """How far the sender is, in reactions but for `posts`; the last is of all."""

    sent: int
    accepted: int
    refused: int
    unknown: int
    posts: int
    late: int
    """Of the POSTs."""


class SeatedNow(msgspec.Struct, frozen=True, tag="seated"):
    """How it stands with the seats."""

    expected: int
    """Who is to be there now."""

    joined: int
    clients_joined: int
    """Of those that also react."""

    ever_joined: int
    frames: int
    deliveries: int
    total: int
    """The newest that anybody got."""

    moves: int
    reconnects: int
    put_out: int
    """That were refused for good, or evicted."""

    problem: str = ""
    """What was last said to one of them."""

    is_hopeless: bool = False
    """Whether nobody answers where clients register."""


class Taps(msgspec.Struct, frozen=True, array_like=True):
    """When a client first saw which total: both rise."""

    totals: list[int]
    arrived_s: list[float]


class Attended(msgspec.Struct, frozen=True, kw_only=True, tag="attended"):
    """What the seats found."""

    members: int
    """Clients that were ever joined, with those that came and went."""

    not_joined: int
    """That never were, though there was time."""

    put_out: int
    """That were refused for good, or evicted."""

    problem: str = ""
    frames: int
    """That came to anybody while somebody was there for them."""

    deliveries: int
    missed: int
    missed_by: int
    """So many members missed some."""

    missed_away: int
    """Frames that came while a member's connection was lost."""

    total: int
    moves: int
    reconnects: int
    joins: Latency | None
    """From registering to the assignment."""

    relay: Latency | None
    """Worker → client, of each frame to each member."""

    spread: Latency | None
    """From a cluster's first worker that sends a frame on to its last."""

    arrivals: Latency | None
    """From a frame's arrival at a cluster's first member to that at its last."""

    everywhere: Latency | None
    """The same over all clusters."""

    reach: Latency | None = None
    """From when a frame was made until its last member has it."""

    relayed: Latency | None = None
    """The same from the first worker of all that sends it on."""

    last_s: float = 0.0
    """When the last of what was measured came, in seconds since the epoch."""

    lag_s: float = 0.0
    """The longest from a frame's arrival until it was read: as long as others had the
    processors. Beyond the time between two frames, times may be the next one's."""

    put_off: int = 0
    """Answers to who registered that it is to ask again: 503, 429, or none."""

    lost: int = 0
    """Members whose connection was lost; after the mark if any."""

    unserved: int = 0
    """Members that lost their connection, and are not back in the end."""

    newer_lost: Latency | None = None
    """From the mark to the first newer frame of each of those."""

    newer: Latency | None = None
    """From the mark to each member's first newer frame."""

    not_newer: int = 0
    """Members that were there at the mark, and still are, and got nothing newer."""

    connects_busiest: int = 0
    """Connections that were begun in the busiest second, wherever; after the mark if
    any."""

    reached_busiest: int = 0
    """Those that a broker took: not at one that is dead."""

    owed_from_s: float = 0.0
    """Of what is made from then on each frame should come to somebody: the first was
    there; 0 if nobody ever was."""

    owed_until_s: float = 0.0
    """Until then: the last left, and what was under way may not have come."""

    taps: list[Taps] = []
    """By the client's number."""

    cpu_share: float = 0.0
    """CPU time by wall time, since what came was measured."""

    us_per_message: float = 0.0
    """CPU time for each message that came, of all that the process did."""


News = Started | SendingNow | SeatedNow | Attended | Sendings
