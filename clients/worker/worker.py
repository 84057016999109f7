"""The worker: what it does at each event of its connection to the cluster's broker.

Which slots are its own follows from who lives (`clients.worker.peers`), and of these
it answers the joins, keeps the memberships and relays the frames. It knows nothing
that the broker and its peers could not tell its successor.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

from clients.event import CaughtUp, Connected, Event, Lost, Message
from clients.parcel import Following, Parcel
from clients.worker.desk import Broker, Desk
from clients.worker.peers import SILENT_AFTER_S, STATUS_EVERY_S, Peers
from clients.worker.wire import BadMessage, BrokerAddress, WorkerStatus
from mosquitto import placement, topic
from mosquitto.topic import ANY

ROOMS_SHOWN_MAX = 100
"""In a status: with the longest names half of what a broker takes."""

AGAIN_AFTER_S = 2.0
"""After a change of who lives: what a hung worker sent when it woke up, is replaced."""

LOOK_AGAIN_S = 30
"""How often the newest frame of each room is asked for: where more comes at once than
this worker takes, its broker drops frames, the last of a room among them."""

_CHORES_EVERY_S = 0.05

_WISHES = (topic.client_join(ANY), topic.client_leave(ANY), topic.client_evict(ANY))
_WISHED = Following(qos=1, own=False, shows_retain=True)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Identity:
    """Which worker this is, and what it tells of its cluster."""

    cluster: str
    name: str
    broker: BrokerAddress
    capacity: int


def followed(cluster: str) -> dict[str, Following]:
    """Return what a worker of the cluster follows from the start."""
    return {
        # With QoS 1, since who does not hear its peers takes them for dead.
        topic.worker_status(cluster, ANY): Following(qos=1, own=False),
        **dict.fromkeys(_WISHES, _WISHED),
    }


def will(cluster: str, name: str) -> Parcel:
    """Return what tells the others that a worker is gone."""
    return Parcel(topic.worker_status(cluster, name), retain=True)


class Worker:
    """Serves its slots from one connection to the next.

    Args:
        me: Which worker this is.
        broker: Its connection; it follows `followed` and has the `will`.
        wall_ms: Returns the time of day, in milliseconds since the epoch.
    """

    def __init__(
        self,
        me: Identity,
        broker: Broker,
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._me, self._broker, self._wall_ms = me, broker, wall_ms
        self._started_ms = wall_ms()
        self._statuses = topic.worker_status(me.cluster, ANY)
        self._counts: Counter[str] = Counter()
        self._evicted: dict[str, float] = {}
        self._now_s = self._chores_s = 0.0
        self._looks = 0
        self._is_connected = False
        self._begin()

    def _begin(self) -> None:
        """Know nothing: the broker and the others tell it again."""
        self._knows_peers = False
        self._peers = Peers(self._me.name)
        self._live: frozenset[str] = frozenset()
        self._desk = Desk(
            self._broker,
            self._me.capacity,
            self._evicted,
            self._counts,
            self._wall_ms,
        )
        self._status_s = 0.0
        self._again_s: float | None = None

    def take(self, event: Event) -> None:
        """Learn what happened, and do what is to be done about it."""
        silent_s, self._now_s = event.at_s - self._now_s, event.at_s
        if self._is_connected and silent_s > SILENT_AFTER_S:
            # The others have taken the slots: what waits here is not to be relayed.
            log.warning("was hung silent_s=%.1f", silent_s)
            self._counts["hung"] += 1
            self._leave()
            self._broker.give_up(f"hung for {silent_s:.1f} s")
        match event:
            case Connected():
                log.info("connected cluster=%s", self._me.cluster)
                self._begin()
                self._is_connected = True
            case Lost(reason=reason):
                if self._is_connected:
                    log.warning("connection lost reason=%r", reason)
                self._leave()
            case CaughtUp(topics=topics) if self._statuses in topics:
                self._knows_peers = self._is_connected
            case Message() if self._is_connected:
                self._read(event)
            case _:
                pass
        if self._knows_peers and event.at_s >= self._chores_s:
            self._chores_s = event.at_s + _CHORES_EVERY_S
            self._do_chores()

    def close(self) -> None:
        """Tell the others that it goes."""
        if self._is_connected:
            self._broker.publish(will(self._me.cluster, self._me.name))

    def _leave(self) -> None:
        """Serve nobody, until there is another connection."""
        self._desk.close()
        self._is_connected = False
        self._begin()

    def _read(self, message: Message) -> None:
        if room := topic.room_of(message.topic):
            self._desk.relay.take(room, message)
        elif named := topic.worker_of(message.topic):
            self._hear_peer(named[1], message.payload)
        elif kept := topic.member_of(message.topic):
            self._desk.hear_membership(*kept, message)
        else:
            self._desk.hear_client(message)

    def _hear_peer(self, name: str, payload: bytes) -> None:
        if not payload:
            self._peers.part(name)
        else:
            try:
                status = WorkerStatus.decode(payload)
            except BadMessage as error:
                self._counts["unreadable"] += 1
                log.warning("unreadable worker=%s reason=%s", name, error)
                return
            self._peers.hear(name, status.members, self._now_s)
        self._chores_s = self._now_s  # who lives may have changed

    def _do_chores(self) -> None:
        live = self._peers.live(self._now_s)
        if live != self._live:
            self._settle(live)
        if self._now_s >= self._status_s:
            self._status_s = self._now_s + STATUS_EVERY_S
            self._tell_status()
            self._look_again()
        if self._again_s is not None and self._now_s >= self._again_s:
            self._again_s = None
            self._desk.relay.again(self._now_s)
        self._desk.members_elsewhere = self._peers.members(self._now_s)
        self._desk.expire(self._now_s)
        self._desk.relay.pay(self._now_s)

    def _settle(self, live: frozenset[str]) -> None:
        """Serve the slots that are this worker's own while these live."""
        slots = placement.slots_of(self._me.name, live)
        log.info("live=%s slots=%d", ",".join(sorted(live)), len(slots))
        self._live = live
        self._desk.serve(slots)
        self._look_for_retained_wishes()
        self._status_s = self._now_s  # the others shall know at once
        self._desk.relay.again(self._now_s)
        self._again_s = self._now_s + AGAIN_AFTER_S

    def _look_again(self) -> None:
        """Ask for the retained frames of a share of the rooms, each in its turn."""
        self._looks += 1
        if self._looks % LOOK_AGAIN_S == 0:
            self._look_for_retained_wishes()
        for room in self._desk.roster.rooms:
            if (crc32(room.encode()) - self._looks) % LOOK_AGAIN_S == 0:
                self._broker.follow(topic.room_frame(room))

    def _look_for_retained_wishes(self) -> None:
        """Have those come that nobody has taken away; others come as they are made."""
        for wish in _WISHES:
            self._broker.follow(wish, _WISHED)

    def _tell_status(self) -> None:
        status = WorkerStatus(
            cluster=self._me.cluster,
            worker=self._me.name,
            at_ms=self._wall_ms(),
            started_ms=self._started_ms,
            broker=self._me.broker,
            capacity=self._me.capacity,
            slots=tuple(sorted(self._desk.slots, key=int)),
            members=len(self._desk.roster),
            rooms=self._desk.roster.counts(ROOMS_SHOWN_MAX),
            rooms_in_all=len([*self._desk.roster.rooms]),
            counts=dict(self._counts),
        )
        place = topic.worker_status(self._me.cluster, self._me.name)
        self._broker.publish(Parcel(place, status.encode(), qos=1, retain=True))
