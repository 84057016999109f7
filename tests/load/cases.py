"""What is measured: cases as data."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from tests.load.measured import Kind

ROOMS = 8
"""Rooms that a load is spread over, one of them hot."""

CANARIES_PER_S = 10.0
CONNECTIONS = 32
"""Of a closed loop: half as many as a web worker has threads, so that none waits for
one, and far more than it can answer at a time."""

REFERENCES = "references"
"""A name beside the cases': what the system is compared with."""

REFERENCE_PRESET = {"PRESET": "reference"}


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to measure, several times."""

    name: str
    title: str
    kind: Kind
    reactions_per_s: float | None = None
    """None where there is no set rate."""

    per_post: int | None = None
    rooms: int = ROOMS
    members: int = 0
    """Registered clients of the first room."""

    room: str = ""
    """Of a crowd; nothing for one of its own."""

    come_within_s: float = 0.0
    """Over how long they come, of a storm; 0 for as fast as is usual."""

    repeats_max: int | None = None
    """However often the others are repeated; None for as often."""

    warmup_s: float = 5
    """Of an idle system: how long it is left alone first."""

    seconds: float = 20
    settings: Mapping[str, str] = field(default_factory=dict)
    why: str = ""
    """Of these settings."""

    def estimate_s(self) -> float:
        """Return about how long one repeat takes."""
        if self.kind == "startup":
            return _START_UP_S
        if self.kind == "auto-scale":
            return _AUTO_SCALE_S
        if self.kind in _GATHERED:
            return self.seconds * (1 + (self.kind == "fan-out")) + _gathered_s(self)
        around_s = _AROUND_S + self.members * _MEMBER_S
        return self.warmup_s + self.seconds + around_s


OWN_SYSTEM = frozenset({"startup", "auto-scale"})
"""Kinds of cases that start a system each time."""

_START_UP_S = 45.0
_AUTO_SCALE_S = 270.0
_AROUND_S = 7.0
_MEMBER_S = 0.006
_GATHERED = {"crowd", "fan-out", "join-storm", "reconnect-storm"}
_GATHERED_S = 18.0
_GATHERED_MEMBER_S = 0.006
_STORM_S = 12.0


def _gathered_s(case: Case) -> float:
    """Return about how long a crowd takes to come, to settle and to leave."""
    if case.kind == "join-storm":
        return case.come_within_s + _STORM_S
    return _GATHERED_S + case.members * _GATHERED_MEMBER_S


def _load(per_s: int, per_post: int) -> Case:
    return Case(
        name=f"{per_s // 1000}k-by-{per_post}",
        title=f"{per_s:,} reactions/s in POSTs of {per_post}",
        kind="load",
        reactions_per_s=per_s,
        per_post=per_post,
    )


_STEADY = _load(20_000, 100)

_MOST_POSTS = replace(
    _load(200_000, 100),
    settings={"WEB_WORKERS": "2"},
    why="2,000 POSTs a second: more than one web worker takes for certain",
)

_AUDIENCE = replace(
    _load(2_000, 100),
    name="audience",
    title="2,000 reactions/s in POSTs of 100, in a room of 1,000 registered clients",
    rooms=1,
    members=1_000,
)

_FEWER = 2
"""Repeats of what takes long, and differs little."""

_CROWD = Case(
    "crowd",
    "200 clients of 1,000 reactions/s each",
    "crowd",
    reactions_per_s=200_000,
    per_post=500,
    rooms=1,
    members=200,
    warmup_s=0,
    seconds=60,
    repeats_max=_FEWER,
)

_ALONE = {"CLUSTER_CAPACITY": "9000"}
_WHY_ALONE = "brokers that have served nobody else, to see what a connection takes"


_VIEWERS = Case(
    "viewers",
    "Registered viewers of one room",
    "fan-out",
    rooms=1,
    warmup_s=0,
    seconds=10,
    settings=_ALONE,
    why=_WHY_ALONE,
    repeats_max=_FEWER,
)


def _fan_out(viewers: int) -> Case:
    return replace(
        _VIEWERS,
        name=f"fan-out-{viewers}",
        title=f"{viewers:,} viewers of a room, two frames a second",
        members=viewers,
    )


_JOIN_STORM = replace(
    _VIEWERS,
    name="join-storm",
    title="2,000 clients come within 10 s",
    kind="join-storm",
    members=2_000,
    come_within_s=10,
)

_RECONNECT_STORM = replace(
    _VIEWERS,
    name="reconnect-storm",
    title="The broker of a third of 3,000 clients is killed",
    kind="reconnect-storm",
    members=3_000,
    seconds=33,
    repeats_max=1,
)

_AUTO_SCALE = Case(
    "auto-scale",
    "200, 2,000, and again 200 clients, with the auto-scaler",
    "auto-scale",
    rooms=1,
    members=2_000,
    come_within_s=20,
    warmup_s=0,
    seconds=20,
    settings={
        "CLUSTERS": "2",
        "CLUSTERS_MAX": "4",
        "CLUSTER_CAPACITY": "700",
        "WORKERS": "2",
    },
    why="two clusters of few clients, so that two thousand are too many",
    repeats_max=1,
)

CASES = (
    Case("start-up", "From `up` to ready, and to the first frame", "startup"),
    Case("idle", "Nobody reacts", "idle", warmup_s=20, seconds=30),
    _AUDIENCE,
    _STEADY,
    _load(20_000, 500),
    _load(100_000, 100),
    _load(100_000, 500),
    _MOST_POSTS,
    _load(200_000, 500),
    Case("singles", "Single reactions, as many as it takes", "maximum", per_post=1),
    replace(
        _STEADY,
        name=f"{_STEADY.name}-reference",
        title=f"{_STEADY.title}, preset `reference`",
        settings=REFERENCE_PRESET,
        why="the published design: gathered for 500 ms, counted every 2 s",
    ),
    _CROWD,
    _fan_out(1_000),
    _fan_out(3_000),
    _fan_out(9_000),
    _JOIN_STORM,
    _RECONNECT_STORM,
    _AUTO_SCALE,
)
"""What a whole bench measures."""

WARM_UP = replace(
    _STEADY,
    name="warm-up",
    title="What every system is given first, and what is not measured",
    warmup_s=0,
    seconds=40,
)
"""The first minute of a JVM is spent compiling: its latencies are another system's."""

SMOKE = replace(
    _load(2_000, 100),
    name="smoke",
    title="2,000 reactions/s for 5 s: whether the bench itself works",
    warmup_s=1,
    seconds=5,
)
"""Only where it is named."""


class NoSuchCase(ValueError):
    """A name that no case has; the text lists those there are."""


def chosen(names: list[str]) -> Iterator[Case]:
    """Yield the cases of these names, in the usual order; all where none is named.

    Raises:
        NoSuchCase: If there is none of a name.
    """
    known = [case.name for case in (*CASES, SMOKE)]
    for name in names:
        if name not in known:
            there = ", ".join((*known, REFERENCES))
            raise NoSuchCase(f"There is no case {name!r}; there are: {there}")
    if not names:
        yield from CASES
    for case in (*CASES, SMOKE):
        if case.name in names:
            yield case
