"""When each POST of a case is due, whatever the answers. Pure.

Loaded rooms are posted to at even intervals, the canary's taps come at random ones
(Poisson), so that they hit every phase of the system's own rhythm alike.
"""

import random
from dataclasses import dataclass

from clients.crowd.schedule import Due, even, jittered

HOT_WEIGHT = 0.5
"""The share of the first of several rooms."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the generator is to send, and where. Also what its process reads."""

    host: str
    port: int
    rooms: tuple[str, ...]
    """The first is the hot one: half of all POSTs go there."""

    canary: str
    """A room of single taps."""

    per_post: int
    posts_per_s: float
    canaries_per_s: float
    seconds: float
    seed: int
    closed: int = 0
    """So many connections that each post again once answered, at no set rate."""


def timetable(plan: Plan) -> list[Due]:
    """Return everything that has its time, in the order of time.

    In a closed loop that is the canary alone.
    """
    chance = random.Random(plan.seed)
    times = [] if plan.closed else even(plan.posts_per_s, plan.seconds)
    rooms = chance.choices(plan.rooms, weights(len(plan.rooms)), k=len(times))
    load = [
        Due(at_s, room, plan.per_post) for at_s, room in zip(times, rooms, strict=True)
    ]
    taps = jittered(plan.canaries_per_s, plan.seconds, chance)
    canary = [Due(at_s, plan.canary, 1) for at_s in taps]
    return sorted(load + canary, key=lambda due: due.at_s)


def weights(rooms: int) -> list[float]:
    """Return each room's share: the first is hot, the others are alike."""
    if rooms == 1:
        return [1.0]
    return [HOT_WEIGHT, *[(1 - HOT_WEIGHT) / (rooms - 1)] * (rooms - 1)]
