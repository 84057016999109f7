"""Places for clients, given at once: whoever asks is the thread that must not wait."""

import secrets
import threading
import time
from collections.abc import Callable

from clients.event import Event
from clients.place import Place
from clients.web import metrics
from clients.web.clusters import Clusters
from clients.worker.wire import Join
from mosquitto.placement import slot_of, spread_s
from mosquitto.topic import relay

SHOWN_EVERY_S = 1.0

_ID_BYTES = 8


class Places:
    """Gives places in the clusters that live.

    Args:
        clusters: Knows them. A web worker counts the places that it gave itself.
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
        self._show_s = 0.0

    def take(self, event: Event) -> None:
        """Learn what happened; called by who listens, and holds `changed`."""
        self._clusters.take(event)
        if event.at_s >= self._show_s:
            self._show_s = event.at_s + SHOWN_EVERY_S
            metrics.CLUSTERS.set(len(self._clusters.live(event.at_s)))

    def give(self, wanted: Join) -> Place:
        """Return a place for a client that is new.

        Raises:
            NoCluster: If no cluster is there, as far as is known.
            Full: If all that are there are full.
        """
        client_id = secrets.token_hex(_ID_BYTES)
        with self._changed:
            clusters = self._clusters.give(client_id, self._clock())
        metrics.PLACES.inc()
        slot = slot_of(client_id)
        return Place(
            client_id=client_id,
            brokers=tuple(cluster.broker for cluster in clusters),
            slot=slot,
            topic=relay(slot, wanted.room, wanted.profile),
            spread_s=spread_s(clusters[0].members),
        )
