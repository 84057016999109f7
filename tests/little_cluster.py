"""A cluster's broker in memory, with its workers and a clock that a test moves."""

from collections import deque
from dataclasses import dataclass, field, replace
from functools import lru_cache

from paho.mqtt.client import topic_matches_sub

from clients.event import CaughtUp, Connected, Event, Lost, Message, Tick
from clients.parcel import Extras, Following, Parcel
from clients.worker.identity import Identity, followed, will
from clients.worker.wire import (
    Assignment,
    BrokerAddress,
    Join,
    Move,
    Moves,
    WorkerStatus,
)
from clients.worker.worker import Worker
from mosquitto import topic
from stream.frame import Frame

CLUSTER = "cluster-1"
TICK_S = 0.25

_matches = lru_cache(100_000)(topic_matches_sub)


@dataclass
class LittleLink:
    """A worker's connection; what it is told waits until the worker takes it."""

    cluster: "LittleCluster" = field(repr=False)
    name: str
    topics: dict[str, Following]
    waiting: deque[Event] = field(default_factory=deque)
    is_open: bool = False
    reason: str = ""
    wished: int = 0
    """The number of the newest wish."""
    lags_s: dict[str, float] = field(default_factory=dict)
    """How late the broker takes up what is followed, by how its topic begins."""
    later: dict[str, tuple[float, Following]] = field(default_factory=dict)
    """What it has not taken up yet, and when it will."""

    def connect(self) -> None:
        self.is_open, self.reason = True, ""
        self.waiting.clear()
        self.later.clear()
        self.waiting.append(Connected(self.cluster.now_s))
        self.subscribe({*self.topics})

    def follow(self, topic: str, how: Following | None = None) -> int:
        self.wished += 1
        for start, lag_s in self.lags_s.items():
            if topic.startswith(start):
                due_s = self.cluster.now_s + lag_s
                self.later.setdefault(topic, (due_s, how or Following()))
                return self.wished
        self._take_up(topic, how or Following())
        return self.wished

    def drop(self, topic: str) -> None:
        self.topics.pop(topic, None)
        self.later.pop(topic, None)

    def catch_up(self) -> None:
        """Let the broker take up what is due by now."""
        for place, (due_s, how) in [*self.later.items()]:
            if due_s <= self.cluster.now_s:
                del self.later[place]
                self._take_up(place, how)

    def _take_up(self, topic: str, how: Following) -> None:
        self.topics[topic] = how
        if self.is_open:
            self.subscribe({topic})

    def publish(self, parcel: Parcel) -> None:
        if self.is_open:
            self.cluster.publish(parcel, by=self)

    def give_up(self, reason: str) -> None:
        self.is_open, self.reason = False, reason

    def subscribe(self, topics: set[str]) -> None:
        for one in topics:
            if self.topics[one].kept:
                for parcel in self.cluster.retained_under(one):
                    self.waiting.append(self.cluster.message(parcel, retained=True))
        caught_up = CaughtUp(self.cluster.now_s, frozenset(topics), self.wished)
        self.waiting.append(caught_up)

    def wants(self, parcel: Parcel, by: "LittleLink | None") -> bool:
        filters = (one for one in self.topics if "+" in one or one == parcel.topic)
        return any(
            (self.topics[one].own or by is not self) and _matches(one, parcel.topic)
            for one in filters
        )


class LittleCluster:
    """Delivers in order, keeps what is retained until it expires, and tells wills."""

    def __init__(self, name: str = CLUSTER, *, capacity: int = 1000) -> None:
        self.name = name
        self.now_s = 1000.0
        self.cpu_s = 0.0
        """What each worker has used of its CPU."""
        self.capacity = capacity
        self.sent: list[Parcel] = []
        """All that was published, by anybody."""
        self._retained: dict[str, tuple[Parcel, float]] = {}
        self._links: dict[str, LittleLink] = {}
        self._workers: dict[str, Worker] = {}
        self._hung: set[str] = set()

    def start(self, *names: str) -> None:
        self.launch(*names)
        self.pass_s(TICK_S)

    def launch(self, *names: str, **lags_s: float) -> None:
        """Start workers that have heard nothing yet.

        Args:
            names: Whom.
            lags_s: As for `slow_down`.
        """
        for name in names:
            link = LittleLink(self, name, followed(self.name))
            broker = BrokerAddress(self.name, 1, 2)
            me = Identity(self.name, name, broker, self.capacity)
            self._workers[name] = Worker(me, link, lambda: 0, lambda: self.cpu_s)
            self.attach(link)
            self.slow_down(name, **lags_s)

    def slow_down(self, name: str, **lags_s: float) -> None:
        """Have the broker take up late what a worker follows from now on.

        Args:
            name: Whose connection it is.
            lags_s: How late, by how the topic begins.
        """
        self._links[name].lags_s = lags_s

    def attach(self, link: LittleLink) -> None:
        """Let somebody connect; who is no worker takes what waits for it itself."""
        self._links[link.name] = link
        link.connect()

    def detach(self, link: LittleLink) -> None:
        """Let somebody go, with leave."""
        del self._links[link.name]

    def kill(self, name: str, *, delivers: bool = True) -> None:
        """End a worker without leave: the broker tells its will."""
        del self._workers[name]
        del self._links[name]
        self._hung.discard(name)
        self.publish(will(self.name, name))
        if delivers:
            self.deliver()

    def delay_caught_up(self, name: str, place: str) -> None:
        """Let a worker not hear that all has come that is retained at a place."""
        waiting = self._links[name].waiting
        for number, event in enumerate(waiting):
            if isinstance(event, CaughtUp):
                waiting[number] = replace(event, topics=event.topics - {place})

    def stop(self, name: str) -> None:
        """Tell a worker to end; it does so when it is done."""
        self._workers[name].close()
        self._end_who_are_done()

    @property
    def workers(self) -> set[str]:
        """Those that have not ended."""
        return {*self._workers}

    def hang(self, name: str) -> None:
        self._hung.add(name)

    def wake(self, name: str) -> None:
        self._hung.discard(name)
        self.deliver()

    def pass_s(self, seconds: float) -> None:
        """Let time pass, and everybody who is awake notice it."""
        until_s = self.now_s + seconds
        while self.now_s < until_s - 1e-9:
            self.now_s = min(until_s, self.now_s + TICK_S)
            self.deliver()

    def frame(self, one: Frame) -> None:
        """Bring a frame from main, and let everybody take it."""
        self.bring(one)
        self.deliver()

    def bring(self, one: Frame) -> None:
        """Bring a frame from main; nobody has taken it yet."""
        place = topic.room_frame(one.room)
        self.publish(Parcel(place, one.encode(), retain=True))

    def move(self, **clusters: float) -> None:
        """Say which clusters are to be left, within so many seconds."""
        named = {
            name.replace("_", "-"): Move(spread_s)
            for name, spread_s in clusters.items()
        }
        self.publish(Parcel(topic.CONTROL_MOVE, Moves(named).encode(), retain=True))
        self.deliver()

    def lose(self, one: Frame) -> None:
        """Bring a frame from main that does not fit into any worker's connection."""
        self.keep(Parcel(topic.room_frame(one.room), one.encode(), retain=True))

    def keep(self, parcel: Parcel) -> None:
        """Retain what nobody hears of who is here already."""
        self._retained[parcel.topic] = parcel, float("inf")

    def join(  # noqa: PLR0913 - what a join can have
        self,
        client_id: str,
        room: str = "final",
        profile: str = "full",
        *,
        payload: bytes | None = None,
        retain: bool = False,
        extras: Extras | None = None,
    ) -> None:
        raw = Join(room, profile).encode() if payload is None else payload
        place = topic.client_join(client_id)
        self.publish(Parcel(place, raw, retain=retain, extras=extras))
        self.deliver()

    def leave(self, client_id: str) -> None:
        self.publish(Parcel(topic.client_leave(client_id)))
        self.deliver()

    def evict(self, client_id: str) -> None:
        self.publish(Parcel(topic.client_evict(client_id)))
        self.deliver()

    def publish(self, parcel: Parcel, by: LittleLink | None = None) -> None:
        self.sent.append(parcel)
        if parcel.retain:
            expiry_s = (parcel.extras and parcel.extras.expires_in_s) or float("inf")
            self._retained[parcel.topic] = parcel, self.now_s + expiry_s
            if not parcel.payload:
                del self._retained[parcel.topic]
        for link in self._links.values():
            if link.is_open and link.wants(parcel, by):
                link.waiting.append(self.message(parcel, retained=parcel.retain))

    def retained_under(self, topic_filter: str) -> list[Parcel]:
        """Return what the broker keeps, and would send to a new subscriber."""
        return [
            parcel
            for parcel, until_s in self._retained.values()
            if until_s > self.now_s and _matches(topic_filter, parcel.topic)
        ]

    def followed_by(self, name: str) -> set[str]:
        """Return the topic filters of a worker's subscriptions."""
        return {*self._links[name].topics}

    def statuses(self) -> dict[str, WorkerStatus]:
        return {
            status.worker: status
            for status in (
                WorkerStatus.decode(parcel.payload)
                for parcel in self.retained_under(topic.worker_status(self.name, "+"))
            )
        }

    def members(self) -> set[str]:
        """Return the clients that the broker keeps as members."""
        kept = self.retained_under(topic.member("+", "+"))
        return {parcel.topic.rpartition("/")[2] for parcel in kept}

    def relayed(self, client_id: str, room: str = "final") -> list[bytes]:
        """Return all that was sent to the relay where a client listens."""
        place = self.assignment(client_id).topic
        assert f"/{room}/" in place
        return [
            parcel.payload
            for parcel in self.sent
            if parcel.topic == place and parcel.payload
        ]

    def assignment(self, client_id: str) -> Assignment:
        """Return what a client was told last."""
        place = topic.client_assignment(client_id)
        answers = [parcel for parcel in self.sent if parcel.topic == place]
        return Assignment.decode(answers[-1].payload)

    def message(self, parcel: Parcel, *, retained: bool) -> Message:
        extras = parcel.extras or Extras()
        _, until_s = self._retained.get(parcel.topic, (parcel, float("inf")))
        left_s = until_s - self.now_s
        return Message(
            self.now_s,
            parcel.topic,
            parcel.payload,
            retained=retained,
            bridge_ms=extras.bridge_ms,
            here_ms=0,
            spread_s=extras.spread_s,
            reply_to=extras.reply_to,
            correlation=extras.correlation,
            expires_in_s=None if left_s == float("inf") else int(left_s),
        )

    def _end_who_are_done(self) -> None:
        for name in [name for name, one in self._workers.items() if one.is_done]:
            del self._workers[name]
            del self._links[name]

    def deliver(self) -> None:
        """Let every worker that is awake take what waits, until nothing does."""
        self.tick()
        while any(self._links[name].waiting for name in self._awake()):
            self.step()

    def tick(self) -> None:
        """Let every worker that is awake notice the time."""
        self._end_who_are_done()
        for name in self._awake():
            self._links[name].catch_up()
            self._links[name].waiting.append(Tick(self.now_s))

    def step(self) -> None:
        """Let every worker that is awake take one of the things that wait for it."""
        for name in self._awake():
            self._take_one(name)

    def _awake(self) -> list[str]:
        return [name for name in self._workers if name not in self._hung]

    def _take_one(self, name: str) -> None:
        link, worker = self._links[name], self._workers[name]
        if not link.waiting:
            return
        event = link.waiting.popleft()
        worker.take(_at(event, self.now_s))
        if link.reason:
            worker.take(Lost(self.now_s, link.reason))
            link.connect()


def _at(event: Event, now_s: float) -> Event:
    """Return the event as of when it is taken, as a connection's events are."""
    return replace(event, at_s=now_s)
