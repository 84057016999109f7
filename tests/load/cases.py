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
        around_s = _AROUND_S + self.members * _MEMBER_S
        return self.warmup_s + self.seconds + around_s


_START_UP_S = 45.0
_AROUND_S = 7.0
_MEMBER_S = 0.006


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
