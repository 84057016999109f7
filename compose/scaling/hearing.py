"""What main tells of the clusters' load: a state machine over events.

Pure: no clock, no socket. What is not known for certain is left out.
"""

import logging

from clients.event import CaughtUp, Connected, Event, Lost, Message
from clients.worker.peers import SILENT_AFTER_S
from clients.worker.wire import BadMessage, WorkerStatus
from compose.scaling.load import Cluster, Load, Size
from mosquitto.topic import (
    ANY,
    cluster_link,
    linked_cluster,
    worker_of,
    worker_status,
)

FOLLOWED = frozenset({worker_status(ANY, ANY), cluster_link(ANY)})
"""What a connection to main has to follow for it."""

log = logging.getLogger(__name__)


class Hearing:
    """Knows what the workers said last, and whose links stand.

    Nothing outlasts the connection to main, and no cluster is known before all that
    main retains has come on it.
    """

    def __init__(self) -> None:
        self._links: dict[str, bool] = {}
        self._said: dict[tuple[str, str], tuple[float, WorkerStatus]] = {}
        """By cluster and worker: when it was heard, and what it said."""
        self._is_known = False

    def take(self, event: Event) -> None:
        """Learn what happened."""
        match event:
            case Connected() | Lost():
                self._links.clear()
                self._said.clear()
                self._is_known = False
            case CaughtUp(topics=topics):
                self._is_known |= topics >= FOLLOWED
            case Message():
                self._read(event)
            case _:
                pass  # only time has passed

    def load(self, size: Size, now_s: float) -> Load:
        """Return what is known of the clusters that should run."""
        clusters = (self._cluster(name, size, now_s) for name in size.clusters)
        return Load(tuple(clusters), size.workers)

    def _cluster(self, name: str, size: Size, now_s: float) -> Cluster:
        fresh = {
            worker: status
            for (cluster, worker), (at_s, status) in self._said.items()
            if cluster == name and now_s - at_s <= SILENT_AFTER_S
        }
        known = fresh if self._is_known and self._links.get(name) else {}
        newest = max(known.values(), key=lambda status: status.at_ms, default=None)
        return Cluster(
            name,
            members=sum(status.members for status in known.values()),
            capacity=newest.capacity if newest else 0,
            busy={worker: status.busy for worker, status in known.items()},
            is_draining=name in size.draining
            or any(status.is_draining for status in known.values()),
            is_leaving=name in size.leaving,
        )

    def _read(self, message: Message) -> None:
        try:
            if cluster := linked_cluster(message.topic):
                self._links[cluster] = message.payload == b"1"
            elif named := worker_of(message.topic):
                self._hear(named, message)
        except BadMessage as error:
            log.warning("unreadable topic=%s reason=%s", message.topic, error)

    def _hear(self, named: tuple[str, str], message: Message) -> None:
        if message.payload:
            status = WorkerStatus.decode(message.payload)
            self._said[named] = message.at_s, status
        else:
            self._said.pop(named, None)
