"""Clusters in memory under one main broker, and clients that move between them."""

import itertools
import random
from collections import deque
from collections.abc import Callable

from clients.event import Event, Message, Tick
from clients.parcel import Following, Parcel
from clients.place import Place
from clients.steps import (
    Action,
    Connect,
    Disconnect,
    Follow,
    Joined,
    Placed,
    Publish,
    PutOff,
    Register,
)
from clients.succession import Do, Succession
from clients.worker.wire import BrokerAddress, Join
from mosquitto import topic
from mosquitto.placement import slot_of
from stream.frame import Frame
from tests.frames import frame
from tests.little_cluster import LittleCluster, LittleLink

STEP_S = 0.01
EVENTS_A_STEP = 6
"""Of each worker; a real one is fifty times as fast."""


class LittleClient:
    """One registered client; what the library would do for it."""

    def __init__(self, stage: "Stage", draw: Callable[[], float]) -> None:
        self._stage = stage
        self._succession = Succession(Join("final"), draw)
        self._links: dict[int, LittleLink] = {}
        self._own: dict[int, deque[Event | Placed | PutOff]] = {}
        self.told: list[Event] = []
        """All that its user hears."""

    @property
    def joined(self) -> list[Joined]:
        """Where it was served, one after the other."""
        return [event for event in self.told if isinstance(event, Joined)]

    @property
    def cluster(self) -> str:
        """Where it was served last."""
        return self.joined[-1].assignment.cluster

    @property
    def totals(self) -> set[int]:
        """Which frames came, as told by their `total`."""
        places = {one.assignment.topic for one in self.joined}
        return {
            Frame.decode(event.payload).total
            for event in self.told
            if isinstance(event, Message) and event.topic in places and event.payload
        }

    def step(self) -> None:
        """Take one of the things that wait on each leg, or notice the time."""
        for leg in self._succession.legs:
            own, link = self._own.setdefault(leg, deque()), self._links.get(leg)
            event: Event | Placed | PutOff = Tick(self._stage.now_s)
            if own:
                event = own.popleft()
            elif link and link.waiting:
                event = link.waiting.popleft()
            self._take(leg, event)

    def _take(self, leg: int, event: Event) -> None:
        for step in self._succession.take(leg, event):
            if isinstance(step, Do):
                self._carry_out(step.leg, step.action)
            else:
                self.told.append(step)

    def _carry_out(self, leg: int, action: Action) -> None:
        match action:
            case Register():
                self._own[leg].append(self._stage.answer())
            case Connect(broker=broker, client_id=client_id):
                cluster = self._stage.clusters[broker.host]
                followed = (topic.client_assignment(client_id), topic.CONTROL_MOVE)
                self._links[leg] = LittleLink(
                    cluster, client_id, dict.fromkeys(followed, Following())
                )
                cluster.attach(self._links[leg])
            case Publish(parcel=parcel):
                self._links[leg].publish(parcel)
            case Follow(topic=followed):
                self._links[leg].follow(followed)
            case Disconnect():
                self._leave(leg)

    def _leave(self, leg: int) -> None:
        if link := self._links.pop(leg, None):
            link.publish(Parcel(topic.client_leave(link.name)))
            link.cluster.detach(link)


class Stage:
    """Everything moves in small steps, so that anything may come between two."""

    def __init__(self, *names: str, workers: int = 2, seed: int = 0) -> None:
        self.clusters = {name: LittleCluster(name) for name in names}
        for cluster in self.clusters.values():
            cluster.start(*(f"worker-{number}" for number in range(1, workers + 1)))
        self.now_s = max(cluster.now_s for cluster in self.clusters.values())
        self.clients: list[LittleClient] = []
        self.total = 0
        """Frames so far; each says its number."""
        self.lag_s = dict.fromkeys(names, 0.05)
        """How late frames come to a cluster at most."""
        self._underway: dict[str, deque[tuple[float, Frame]]] = {
            name: deque() for name in names
        }
        self._draw = random.Random(seed).random
        self._ids = itertools.count()

    def enter(self, number: int) -> None:
        """Have so many clients join, and wait until they have."""
        self.clients += [LittleClient(self, self._draw) for _ in range(number)]
        self.settle()

    def answer(self) -> Placed | PutOff:
        """Answer a registration as the server would."""
        brokers = tuple(
            BrokerAddress(name, 1, 2)
            for name, cluster in self.clusters.items()
            if not any(one.is_draining for one in cluster.statuses().values())
        )
        if not brokers:
            return PutOff(self.now_s, "full")
        client_id = f"client-{next(self._ids)}"
        slot = slot_of(client_id)
        place = topic.relay(slot, "final", "full")
        return Placed(
            self.now_s,
            Place(
                client_id=client_id,
                brokers=brokers,
                slot=slot,
                topic=place,
                spread_s=1.0,
            ),
        )

    def play(self, number: int = 1) -> None:
        """Make frames; each cluster gets them in its own time."""
        for _ in range(number):
            self.total += 1
            one = frame("final", self.total, self.total, total=self.total)
            for name, underway in self._underway.items():
                lag_s = self._draw() * self.lag_s[name]
                arrives_s = max(self.now_s + lag_s, *(s for s, _ in underway), 0)
                underway.append((arrives_s, one))

    def move(self, **clusters: float) -> None:
        """Say to all which clusters are to be left."""
        for cluster in self.clusters.values():
            cluster.move(**clusters)

    def pass_s(self, seconds: float) -> None:
        """Let time pass, in small steps."""
        until_s = self.now_s + seconds
        while self.now_s < until_s:
            self._step()

    def settle(self) -> None:
        """Let everything come that is on its way."""
        self.pass_s(4)

    def _step(self) -> None:
        """Let a moment pass, and everybody take a thing or two."""
        self.now_s += STEP_S
        for name, cluster in self.clusters.items():
            cluster.now_s = self.now_s
            underway = self._underway[name]
            while underway and underway[0][0] <= self.now_s:
                cluster.bring(underway.popleft()[1])
            cluster.tick()
            for _ in range(EVENTS_A_STEP):
                cluster.step()
        for client in self.clients:
            client.step()
