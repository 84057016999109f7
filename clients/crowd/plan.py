"""What a crowd is to do. Pure."""

import resource

import msgspec

from clients.crowd.schedule import Reacting
from clients.crowd.timeline import BadTimeline, Timeline
from clients.server import BadUrl, clients_url
from mosquitto.topic import MAIN_ROOM, BadRoom, check_room

SECONDS = 60.0
ARRIVALS_PER_S = 200.0
"""Where it is not said how fast they come: as fast as a cluster takes them back."""

RATE_MAX = 100_000.0
CLIENTS_MAX = 100_000
SECONDS_MAX = 24 * 3600.0
SPEED_MAX = 1000.0
POSTS_MAX = 1_000_000
"""What became of each is kept until the end."""

_FILES_BESIDE = 100
_ROUNDED = 1 + 1e-6
"""Who says the speed as a length by another is not held to its last digit."""


class BadPlan(ValueError):
    """Nobody can do that; the text says in one sentence what and why."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Who comes, and what they do."""

    url: str
    room: str = MAIN_ROOM
    clients: int = 200
    """Each registers, joins, and reacts."""

    rate: float = 1000.0
    """Reactions a second of each; at its busiest moment where there is a timeline."""

    seconds: float | None = None
    """From when all have joined; None for a minute, or as long as the timeline is."""

    viewers: int = 0
    """Each registers, joins, and watches."""

    join_leave: bool = False
    """Whether viewers come and go."""

    timeline: str = ""
    """The name of a shipped one, or the path of a file."""

    speed: float = 1.0
    """How much faster than it was the timeline is replayed."""

    arrive_within_s: float | None = None
    """Over how long they come, evenly; None for 200 a second."""

    steps_back: bool = True
    """Whether the seats let all others go first once all have joined: who only reads
    may read later. Who has to come back after a loss should not wait for others."""

    @property
    def everybody(self) -> int:
        """How many come at first."""
        return self.clients + self.viewers

    @property
    def reacts(self) -> bool:
        """Whether anything is sent."""
        return self.clients > 0 and self.rate > 0

    @property
    def coming_s(self) -> float:
        """Over how long they come."""
        if self.arrive_within_s is None:
            return self.everybody / ARRIVALS_PER_S
        return self.arrive_within_s

    def lasting_s(self, timeline: Timeline | None) -> float:
        """Return how long it goes on once all are there."""
        if self.seconds is not None:
            return self.seconds
        return timeline.seconds / self.speed if timeline else SECONDS


def checked(plan: Plan) -> tuple[Plan, Timeline | None]:
    """Return a plan that can be carried out, and its timeline.

    Raises:
        BadPlan: If it cannot.
    """
    _check_numbers(plan)
    try:
        check_room(plan.room)
        clients_url(plan.url)
        timeline = Timeline.load(plan.timeline) if plan.timeline else None
    except (BadRoom, BadUrl, BadTimeline) as error:
        raise BadPlan(str(error)) from error
    _check_lasting(plan, timeline)
    _check_posts(plan, plan.lasting_s(timeline))
    return plan, timeline


def _check_lasting(plan: Plan, timeline: Timeline | None) -> None:
    if timeline is None or plan.seconds is None:
        return
    there_are_s = timeline.seconds / plan.speed
    if plan.seconds > there_are_s * _ROUNDED:
        raise BadPlan(
            f"seconds is {plan.seconds:g}: {plan.timeline} is over after"
            f" {there_are_s:,.1f} s at speed {plan.speed:g}, and nobody would react."
        )


def _check_posts(plan: Plan, lasting_s: float) -> None:
    if not plan.reacts:
        return
    period_s = Reacting(plan.room, plan.clients, plan.rate, lasting_s).period_s
    posts = plan.clients * lasting_s * min(plan.rate, 1 / period_s)
    if posts > POSTS_MAX:
        raise BadPlan(
            f"That would be {posts:,.0f} POSTs, and a run has at most {POSTS_MAX:,}:"
            " let it be shorter, or fewer clients react."
        )


def _check_numbers(plan: Plan) -> None:
    bounds: dict[str, tuple[float, float, float]] = {
        "clients": (plan.clients, 0, CLIENTS_MAX),
        "viewers": (plan.viewers, 0, CLIENTS_MAX),
        "rate": (plan.rate, 0, RATE_MAX),
        "seconds": (plan.seconds or SECONDS, 1, SECONDS_MAX),
        "speed": (plan.speed, 0.1, SPEED_MAX),
        "arrive-within": (plan.coming_s, 0, SECONDS_MAX),
    }
    if plan.seconds == 0:
        raise BadPlan("seconds is 0: it is to be from 1 to 86,400.")
    for name, (value, low, high) in bounds.items():
        if not low <= value <= high:  # which nothing that is no number is
            raise BadPlan(
                f"{name} is {value:g}: it is to be from {low:g} to {high:,g}."
            )
    if not plan.everybody:
        raise BadPlan("With neither clients nor viewers there is no crowd.")
    if plan.join_leave and not plan.viewers:
        raise BadPlan("Nobody comes and goes without viewers: name some.")
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files != resource.RLIM_INFINITY and plan.everybody + _FILES_BESIDE > files:
        raise BadPlan(
            f"{plan.everybody:,} clients need a connection each, and a process here"
            f" may have {files:,} files open: `ulimit -n` raises that."
        )
