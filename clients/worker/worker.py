"""The worker: what it does at each event of its connection to the cluster's broker.

Which slots are its own follows from who lives (`clients.worker.peers`), and of these
it answers the joins, keeps the memberships and relays the frames. It knows nothing
that the broker and its peers could not tell its successor.
"""

import logging
import math
import time
from collections import Counter
from collections.abc import Callable
from zlib import crc32

from clients.event import CaughtUp, Connected, Event, Lost, Message
from clients.worker.broker import Broker
from clients.worker.desk import Desk
from clients.worker.handover import HANDOVER_S, STOPS_WITHIN_S
from clients.worker.herald import Herald
from clients.worker.identity import WISHED, WISHES, Identity
from clients.worker.peers import SILENT_AFTER_S, Peers
from clients.worker.wire import BadMessage, Moves, WorkerStatus
from mosquitto import placement, topic
from mosquitto.topic import ANY

AGAIN_AFTER_S = 2.0
"""After a change of who lives: what a hung worker sent when it woke up, is replaced."""

LOOK_AGAIN_S = 30
"""How often the newest frame of each room is asked for: where more comes at once than
this worker takes, its broker drops frames, the last of a room among them."""

_CHORES_EVERY_S = 0.05

log = logging.getLogger(__name__)


class Worker:
    """Serves its slots from one connection to the next.

    Args:
        me: Which worker this is.
        broker: Its connection; it follows `followed` and has the `will`.
        wall_ms: Returns the time of day, in milliseconds since the epoch.
        cpu_s: Returns the CPU time that this process has used.
    """

    def __init__(
        self,
        me: Identity,
        broker: Broker,
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        cpu_s: Callable[[], float] = time.process_time,
    ) -> None:
        self._me, self._broker, self._wall_ms = me, broker, wall_ms
        self._counts: Counter[str] = Counter()
        self._herald = Herald(me, broker, self._counts, wall_ms, cpu_s)
        self._evicted: dict[str, float] = {}
        self._now_s = self._chores_s = 0.0
        self._behind_s = -math.inf
        """When it was last so far behind that what waited for it was old."""
        self._ends_s: float | None = None
        self._looks = 0
        self._is_connected = False
        self._begin()

    def _begin(self) -> None:
        """Know nothing: the broker and the others tell it again."""
        self._unknown = {topic.worker_status(self._me.cluster, ANY), topic.CONTROL_MOVE}
        """What it has to have heard before it serves anybody."""
        self._peers = Peers(self._me.name)
        self._live: frozenset[str] = frozenset()
        me, broker = self._me, self._broker
        self._desk = Desk(
            me.cluster, broker, me.capacity, self._evicted, self._counts, self._wall_ms
        )
        self._members = self._desk.members
        self._herald.hurry()
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
        if self._is_connected and silent_s > HANDOVER_S:
            self._behind_s = event.at_s
        match event:
            case Connected():
                log.info("connected cluster=%s", self._me.cluster)
                self._begin()
                self._is_connected = True
            case Lost(reason=reason):
                if self._is_connected:
                    log.warning("connection lost reason=%r", reason)
                self._leave()
            case CaughtUp() if self._is_connected:
                self._hear_caught_up(event)
            case Message() if self._is_connected:
                self._read(event)
        is_ready = self._is_connected and not self._unknown
        if is_ready and event.at_s >= self._chores_s:
            self._chores_s = event.at_s + _CHORES_EVERY_S
            self._do_chores()

    def close(self) -> None:
        """Tell the others that it goes, and relay on until they know its members."""
        if self._ends_s is not None:
            return
        self._ends_s = self._now_s + STOPS_WITHIN_S
        if self._is_connected:
            self._herald.part()
            self._serve(frozenset())

    @property
    def is_done(self) -> bool:
        """Whether it has told so, and nobody needs it any more."""
        if self._ends_s is None:
            return False
        is_heard = self._is_connected and self._peers.has_others(self._now_s)
        is_needed = is_heard and self._members.handed
        return not is_needed or self._now_s >= self._ends_s

    def _leave(self) -> None:
        """Serve nobody, until there is another connection."""
        self._members.close()
        self._is_connected = False
        self._begin()

    def _read(self, message: Message) -> None:
        if room := topic.room_of(message.topic):
            self._members.relay.take(room, message)
        elif named := topic.worker_of(message.topic):
            self._hear_peer(named[1], message)
        elif message.topic == topic.CONTROL_MOVE:
            self._hear_moves(message)
        elif kept := topic.member_of(message.topic):
            self._desk.hear_membership(*kept, message)
        else:
            self._desk.hear_client(message)

    def _hear_caught_up(self, event: CaughtUp) -> None:
        self._unknown -= event.topics
        if self._members.caught_up(event):
            self._chores_s = self._now_s  # the others relay until they hear of it
            self._again_s = self._now_s + AGAIN_AFTER_S

    def _hear_peer(self, name: str, message: Message) -> None:
        try:
            if message.payload:
                said = WorkerStatus.decode(message.payload)
                self._peers.hear(name, said, self._now_s)
            else:
                self._peers.part(name)
        except BadMessage as error:
            self._pass_over(message, error)
        else:
            self._chores_s = self._now_s  # who lives may have changed

    def _hear_moves(self, message: Message) -> None:
        try:
            named = Moves.decode(message.payload).clusters
        except BadMessage as error:
            self._pass_over(message, error)
            return
        is_draining = self._me.cluster in named
        if is_draining is not self._desk.is_draining:
            log.info("draining=%s", is_draining)
            self._desk.is_draining = is_draining
            self._herald.hurry()  # nobody shall be sent here
            self._chores_s = self._now_s

    def _pass_over(self, message: Message, error: BadMessage) -> None:
        self._counts["unreadable"] += 1
        log.warning("unreadable topic=%s reason=%s", message.topic, error)

    def _do_chores(self) -> None:
        if self._ends_s is None:
            self._take_part()
        self._members.let_go(self._peers.slots(self._now_s), self._now_s)
        if self._again_s is not None and self._now_s >= self._again_s:
            self._send_again()
        self._desk.members_elsewhere = self._peers.members(self._now_s)
        self._desk.expire(self._now_s)
        self._members.relay.pay(self._now_s)

    def _take_part(self) -> None:
        """Share the slots with those who live, and be one of them."""
        live = self._peers.live(self._now_s)
        if live != self._live:
            self._settle(live)
        if self._herald.is_due(self._desk, self._now_s):
            self._herald.tell(self._desk, self._now_s)
            self._look_again()

    def _settle(self, live: frozenset[str]) -> None:
        """Serve the slots that are this worker's own while these live."""
        slots = placement.slots_of(self._me.name, live)
        log.info("live=%s slots=%d", ",".join(sorted(live)), len(slots))
        self._live = live
        self._serve(slots)
        self._look_for_retained_wishes()
        self._herald.hurry()
        self._members.relay.again(self._now_s)
        self._again_s = self._now_s + AGAIN_AFTER_S

    def _send_again(self) -> None:
        """Replace what others sent late, and once more while slots change hands."""
        is_settled = self._members.is_settled
        self._again_s = None if is_settled else self._now_s + AGAIN_AFTER_S
        self._members.relay.again(self._now_s)
        if is_settled:
            self._desk.settled()

    def _serve(self, slots: frozenset[str]) -> None:
        # What waits for who was behind is older than what the new worker sends.
        is_late = self._now_s - self._behind_s <= HANDOVER_S
        self._desk.serve(slots, None if is_late else self._now_s)

    def _look_again(self) -> None:
        """Ask for the retained frames of a share of the rooms, each in its turn."""
        self._looks += 1
        if self._looks % LOOK_AGAIN_S == 0:
            self._look_for_retained_wishes()
            self._broker.follow(topic.CONTROL_MOVE)
        for room in self._members.roster.rooms:
            if (crc32(room.encode()) - self._looks) % LOOK_AGAIN_S == 0:
                self._broker.follow(topic.room_frame(room))

    def _look_for_retained_wishes(self) -> None:
        """Have those come that nobody has taken away; others come as they are made."""
        for wish in WISHES:
            self._broker.follow(wish, WISHED)
