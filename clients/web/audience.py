"""How many are in a room, and when to ask again, so that all who are in it may."""

import threading
import time
from collections.abc import Callable

import msgspec

from clients.web.clusters import Clusters

ASKED_PER_S = 50
"""What all members of a room together ask, if each heeds `again_s`."""

AGAIN_LEAST_S = 5.0


class Audience(msgspec.Struct, frozen=True):
    """Who is in a room: registered clients, not plain subscribers."""

    room: str
    members: int
    """Of all clusters; of a room that is none of a worker's hundred largest, fewer."""
    again_s: float
    """Who asks again waits so long."""


class Audiences:
    """Counts the members of rooms, as the clusters' workers tell of them.

    Args:
        clusters: Knows what they told last; kept up to date by somebody else.
        changed: Held by who learns and by who looks; nobody waits while holding it.
        clock: Seconds that only go forward, as in the events.
    """

    def __init__(
        self,
        clusters: Clusters,
        changed: threading.Condition,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clusters, self._changed, self._clock = clusters, changed, clock

    def of(self, room: str) -> Audience:
        """Return who is in a room now.

        Raises:
            Stale: If that cannot be known now.
        """
        with self._changed:
            members = self._clusters.members(room, self._clock())
        return Audience(room, members, max(AGAIN_LEAST_S, members / ASKED_PER_S))
