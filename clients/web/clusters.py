"""Which clusters take clients now, and who is sent where: a state machine over events.

Pure: no clock, no socket, no lock. `clients.link` makes the events, and
`clients.web.places` asks.
"""

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from clients.event import CaughtUp, Connected, Event, Lost, Message
from clients.web import metrics
from clients.web.refusal import Full, NoCluster, Stale
from clients.worker.peers import SILENT_AFTER_S
from clients.worker.wire import BadMessage, BrokerAddress, WorkerStatus
from mosquitto.placement import ranked
from mosquitto.topic import ANY, cluster_link, linked_cluster, worker_of, worker_status

FOLLOWED = frozenset({worker_status(ANY, ANY), cluster_link(ANY)})
"""What a connection has to follow for it."""

GIVEN_FOR_S = 3.0
"""How long a place counts as taken: by then its client has joined, and a status has
told of that. Both may count for a moment; better so than a cluster that overflows."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster that lives, as its workers said last."""

    broker: BrokerAddress
    capacity: int
    members: int
    is_draining: bool = False
    """Whether it is to be left."""


@dataclass(frozen=True, slots=True)
class _Sign:
    """What is kept of a worker's status."""

    at_s: float
    broker: BrokerAddress
    capacity: int
    members: int
    is_draining: bool
    rooms: Mapping[str, int]
    """Members by room, of the rooms that have most there."""


@dataclass(slots=True)
class _Cluster:
    is_linked: bool = False
    workers: dict[str, _Sign] = field(default_factory=dict)

    def signs(self, now_s: float) -> Sequence[_Sign]:
        """Return what its workers said last; nothing if it does not live."""
        if not self.is_linked:
            return ()
        signs = self.workers.values()
        return [sign for sign in signs if now_s - sign.at_s <= SILENT_AFTER_S]

    def seen(self, now_s: float) -> Cluster | None:
        """Return what is known if it lives."""
        live = self.signs(now_s)
        if not live:
            return None
        newest = max(live, key=lambda sign: sign.at_s)
        members = sum(sign.members for sign in live)
        # Who has not heard of it yet says what was.
        is_draining = any(sign.is_draining for sign in live)
        return Cluster(newest.broker, newest.capacity, members, is_draining)


class Clusters:
    """Knows each cluster's link to main and its workers' signs of life.

    A cluster lives while its link stands and one of its workers was heard within the
    last three seconds. Nothing outlasts the connection, and nothing is said before all
    that main retains has come on it: half of the clusters would get all clients.
    """

    def __init__(self) -> None:
        self._clusters: dict[str, _Cluster] = {}
        self._given_s: dict[str, deque[float]] = {}
        self._is_known = False

    def take(self, event: Event) -> None:
        """Learn what happened."""
        match event:
            case Connected() | Lost():
                self._clusters.clear()
                self._is_known = False
            case CaughtUp(topics=topics):
                self._is_known |= topics >= FOLLOWED
            case Message():
                self._read(event)
            case _:
                pass  # only time has passed

    def live(self, now_s: float) -> Mapping[str, Cluster]:
        """Return the clusters that live, by name."""
        seen = ((name, one.seen(now_s)) for name, one in self._clusters.items())
        return {name: cluster for name, cluster in seen if cluster}

    def members(self, room: str, now_s: float) -> int:
        """Return how many are members of a room, in all clusters that live.

        Each worker names a hundred of its rooms, those with most members: in a room
        that is none of these at some worker, its members there are not counted.

        Raises:
            Stale: If no cluster lives, as far as is known.
        """
        live = [one.signs(now_s) for one in self._clusters.values()]
        if not self._is_known or not any(live):
            raise Stale("No cluster is heard")
        return sum(sign.rooms.get(room, 0) for signs in live for sign in signs)

    def give(self, client_id: str, now_s: float) -> Sequence[Cluster]:
        """Return where a client should go, in order; keep a place in the first.

        Raises:
            NoCluster: If none lives, as far as is known.
            Full: If those that live are full, or to be left.
        """
        if not self._is_known:
            raise NoCluster("The main broker does not answer")
        live = self.live(now_s)
        if not live:
            raise NoCluster("No cluster is there")
        if all(cluster.is_draining for cluster in live.values()):
            raise Full("Every cluster is emptied just now")
        open_ = {
            name: cluster.capacity
            for name, cluster in live.items()
            if not cluster.is_draining
            and cluster.members + self._given(name, now_s) < cluster.capacity
        }
        names = ranked(client_id, open_)
        if not names:
            raise Full
        self._given_s.setdefault(names[0], deque()).append(now_s)
        return [live[name] for name in names]

    def _given(self, name: str, now_s: float) -> int:
        """Return how many places were given lately."""
        given_s = self._given_s.get(name)
        while given_s and now_s - given_s[0] > GIVEN_FOR_S:
            given_s.popleft()
        return len(given_s) if given_s else 0

    def _read(self, message: Message) -> None:
        if name := linked_cluster(message.topic):
            self._of(name).is_linked = message.payload == b"1"
        elif named := worker_of(message.topic):
            self._hear(*named, message)

    def _hear(self, name: str, worker: str, message: Message) -> None:
        workers = self._of(name).workers
        if not message.payload:
            workers.pop(worker, None)
            return
        try:
            status = WorkerStatus.decode(message.payload)
        except BadMessage as error:
            metrics.UNREADABLE.inc()
            log.warning("unreadable topic=%s reason=%s", message.topic, error)
            return
        workers[worker] = _Sign(
            message.at_s,
            status.broker,
            status.capacity,
            status.members,
            status.is_draining,
            {room: sum(told.values()) for room, told in status.rooms.items()},
        )

    def _of(self, name: str) -> _Cluster:
        return self._clusters.setdefault(name, _Cluster())
