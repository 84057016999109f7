"""When each POST is due, whatever the answers: the open loop's timetable. Pure.

Every client posts what it has gathered for half a second, or less where that would be
more than a POST takes. They come one after the other, evenly staggered.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ingest.topics import RECORD_REACTIONS_MAX

LATE_AFTER_S = 0.010
"""A send this long after its time is late: an hundredth of what is measured."""

LATE_SHARE_MAX = 0.01
"""Of the POSTs; with more of them late, the rate was not the one that is quoted."""

GATHERED_FOR_S = 0.5


@dataclass(frozen=True, slots=True)
class Due:
    """A POST that is to be sent `at_s` after the start."""

    at_s: float
    room: str
    reactions: int
    who: int = -1
    """The number of the client whose it is, where that matters."""


@dataclass(frozen=True, slots=True)
class Reacting:
    """Who reacts where, and how much each of them in the busiest moment."""

    room: str
    clients: int
    rate: float
    """Reactions a second of one client."""

    seconds: float

    @property
    def period_s(self) -> float:
        """How long a client gathers before it posts."""
        if self.rate <= 0:
            return GATHERED_FOR_S
        return min(GATHERED_FOR_S, RECORD_REACTIONS_MAX / self.rate)


def timetable(
    crowd: Reacting, share: Callable[[float], float] = lambda _: 1.0
) -> Iterator[Due]:
    """Yield what is due, in the order of time.

    Args:
        crowd: Who reacts.
        share: Returns which part of the rate is due so long after the start.
    """
    if not crowd.clients or crowd.rate <= 0:
        return
    gathered = [0.0] * crowd.clients
    period_s = crowd.period_s
    apart_s = period_s / crowd.clients
    for turn in range(round(crowd.seconds / period_s)):
        for who in range(crowd.clients):
            at_s = turn * period_s + who * apart_s
            gathered[who] += crowd.rate * period_s * min(1.0, max(0.0, share(at_s)))
            # What is a hair below a whole number is that number.
            reactions = min(int(gathered[who] + 1e-6), RECORD_REACTIONS_MAX)
            if reactions:
                gathered[who] -= reactions
                yield Due(at_s, crowd.room, reactions, who)


def even(per_s: float, seconds: float) -> list[float]:
    """Return times at even intervals."""
    return [index / per_s for index in range(round(per_s * seconds))]


def jittered(per_s: float, seconds: float, chance: random.Random) -> Iterator[float]:
    """Yield times of a Poisson process."""
    at_s = chance.expovariate(per_s)
    while at_s < seconds:
        yield at_s
        at_s += chance.expovariate(per_s)


def late_share(delays_s: Sequence[float]) -> float:
    """Return how many of the sends were late, of all.

    Args:
        delays_s: How long each was kept waiting.
    """
    if not delays_s:
        return 0.0
    return sum(delay > LATE_AFTER_S for delay in delays_s) / len(delays_s)
