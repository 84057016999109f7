"""The connections of a registered client: opened, turned and closed as it is said."""

import gc
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Mapping

import pytest

from clients.audience import Audience
from clients.event import Connected, Event, Lost, Message, Tick
from clients.link import Address
from clients.parcel import Following, Parcel
from clients.place import Place
from clients.steps import Joined, NotAdmitted, Placed, PutOff
from clients.worker.wire import Assignment, BrokerAddress, Join, Move, Moves
from mosquitto import topic
from tests.frames import hearts

SOON_S = 30
MOVE = Moves({"cluster-1": Move(0)}).encode()


class FakeLink:
    """A connection on which a test lets things come."""

    def __init__(
        self, broker: Address, topics: Mapping[str, Following], will: Parcel
    ) -> None:
        self.broker, self.topics, self.will = broker, {*topics}, will
        self.tick_s = 1.0
        self.sent: list[Parcel] = []
        self.is_closed = False
        self.opened, self.waited_for = threading.Event(), True
        self.opened.set()
        self._coming: deque[Event] = deque([Connected(time.monotonic())])

    def events(self) -> Iterator[Event]:
        self.waited_for = self.opened.wait(SOON_S)
        while True:
            while self._coming:
                yield self._coming.popleft()
            yield Tick(time.monotonic())

    def follow(self, topic: str, how: Following | None = None) -> int:
        del how
        self.topics.add(topic)
        return 0

    def publish(self, parcel: Parcel) -> None:
        assert not self.is_closed
        self.sent.append(parcel)

    def close(self) -> None:
        self.is_closed = True

    def come(self, place: str, payload: bytes) -> None:
        self._coming.append(
            Message(time.monotonic(), place, payload, False, None, 0)  # noqa: FBT003
        )

    def lose(self) -> None:
        self._coming.append(Lost(time.monotonic(), "gone"))

    def answer(self) -> None:
        client_id = self.broker.client_id
        said = Assignment(
            room="final",
            profile="full",
            cluster=self.broker.host,
            topic=f"relay/{client_id}",
            lease_s=300,
        )
        self.come(topic.client_assignment(client_id), said.encode())

    def play(self, seq: int) -> None:
        self.come(f"relay/{self.broker.client_id}", hearts(seq, seq=seq).encode())


class FakeServer:
    """Gives the clusters one after the other, the second when a test lets it."""

    def __init__(self, problem: Exception | None = None) -> None:
        self.gate, self.problem = threading.Event(), problem
        self.asked, self.waited_for = 0, True

    def ask(self) -> Placed | PutOff:
        self.asked += 1
        if self.asked > 1:
            self.waited_for = self.gate.wait(SOON_S)
            if self.problem:
                raise self.problem
        name = f"cluster-{self.asked}"
        place = Place(
            client_id=f"id-{self.asked}",
            brokers=(BrokerAddress(name, 1, 2),),
            slot="1",
            topic="t",
            spread_s=1,
        )
        return Placed(time.monotonic(), place)


class Trial:
    """An audience whose connections a test has in its hands."""

    def __init__(self, problem: Exception | None = None) -> None:
        self.server = FakeServer(problem)
        self.links: list[FakeLink] = []
        self.audience = Audience(Join("final"), self.server, self._open)
        self.events = self.audience.events()
        self.heard: list[Event] = []
        self.is_far = False
        """Whether it takes long to connect again."""

    def until(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + SOON_S
        while not done():
            self.heard.append(next(self.events))
            assert time.monotonic() < deadline

    def joined(self) -> "Trial":
        self.until(lambda: len(self.links) == 1)
        self.links[0].answer()
        self.until(lambda: self.came(Joined) == 1)
        return self

    def moving(self) -> "Trial":
        self.joined().links[0].come(topic.CONTROL_MOVE, MOVE)
        self.until(lambda: self.server.asked == 2)
        return self

    def came(self, kind: type[Event]) -> int:
        return sum(isinstance(event, kind) for event in self.heard)

    def frames(self) -> int:
        relayed = (one for one in self.heard if isinstance(one, Message))
        return sum(one.topic.startswith("relay/") for one in relayed)

    def _open(
        self, broker: Address, topics: Mapping[str, Following], will: Parcel
    ) -> FakeLink:
        self.links.append(FakeLink(broker, topics, will))
        if len(self.links) > 1 and self.is_far:
            self.links[-1].opened.clear()
        return self.links[-1]


def test_who_is_served_is_served_on_while_a_slow_server_is_asked() -> None:
    trial = Trial().moving()
    for seq in range(1, 4):
        trial.links[0].play(seq)
    trial.until(lambda: trial.frames() == 3)

    trial.server.gate.set()
    trial.until(lambda: len(trial.links) == 2)
    assert trial.server.waited_for


def test_who_is_served_is_served_on_while_the_next_broker_is_called() -> None:
    trial = Trial().moving()
    trial.is_far = True
    trial.server.gate.set()
    trial.until(lambda: len(trial.links) == 2)
    for seq in range(1, 4):
        trial.links[0].play(seq)
    trial.until(lambda: trial.frames() == 3)

    trial.links[1].opened.set()
    trial.until(lambda: bool(trial.links[1].sent))
    assert trial.links[1].waited_for


def test_a_broker_that_was_called_in_vain_is_left_when_it_answers() -> None:
    trial = Trial().moving()
    trial.is_far = True
    trial.server.gate.set()
    trial.until(lambda: len(trial.links) == 2)
    trial.links[0].come(topic.CONTROL_MOVE, Moves().encode())
    trial.until(lambda: trial.links[0].tick_s > 0.1)
    assert not trial.links[1].is_closed

    trial.links[1].opened.set()
    trial.until(lambda: trial.links[1].is_closed)
    assert trial.links[1].sent == []


def test_two_connections_wait_only_a_little_for_each_other() -> None:
    trial = Trial().moving()
    slow = trial.links[0].tick_s
    trial.server.gate.set()
    trial.until(lambda: len(trial.links) == 2)
    trial.until(lambda: all(one.tick_s < slow / 5 for one in trial.links))

    trial.links[1].answer()
    for link in trial.links:
        link.play(1)
    trial.until(lambda: trial.links[0].is_closed)
    trial.until(lambda: trial.links[1].tick_s == slow)


def test_the_connection_before_is_closed_with_leave_and_then_alone_the_next() -> None:
    trial = Trial().moving()
    trial.server.gate.set()
    trial.until(lambda: len(trial.links) == 2)
    before, after = trial.links
    after.answer()
    for link in trial.links:
        link.play(1)
    trial.until(lambda: before.is_closed)

    assert before.sent[-1] == before.will == Parcel(topic.client_leave("id-1"), qos=1)
    assert not after.is_closed
    assert topic.client_leave("id-2") not in {one.topic for one in after.sent}
    after.play(2)
    trial.until(lambda: trial.frames() == 3)
    assert trial.came(Joined) == 2


def test_nothing_is_kept_of_a_connection_that_was_left() -> None:
    trial = Trial().moving()
    trial.server.gate.set()
    trial.until(lambda: len(trial.links) == 2)
    trial.links[1].answer()
    for link in trial.links:
        link.play(1)
    trial.until(lambda: trial.links[0].is_closed)

    del link
    before = weakref.ref(trial.links.pop(0))
    gc.collect()
    assert before() is None


def test_who_ends_while_it_moves_leaves_both() -> None:
    trial = Trial().moving()
    trial.server.gate.set()
    trial.until(lambda: len(trial.links) == 2 and bool(trial.links[1].sent))

    trial.audience.end()
    trial.heard += [*trial.events]

    assert [one.is_closed for one in trial.links] == [True, True]
    assert [one.sent[-1] == one.will for one in trial.links] == [True, True]


def test_whoever_is_served_is_not_put_out_by_an_answer_to_its_next_place() -> None:
    """A proxy says 404 while the server is renewed."""
    trial = Trial(NotAdmitted("http_404", "No.")).moving()
    trial.server.gate.set()
    trial.until(lambda: trial.server.asked > 2)
    trial.links[0].play(1)
    trial.until(lambda: trial.frames() == 1)
    assert not trial.links[0].is_closed

    trial.server.problem = None
    trial.until(lambda: len(trial.links) == 2)


def test_whoever_is_not_served_any_more_is_told() -> None:
    trial = Trial(NotAdmitted("http_404", "No.")).moving()
    trial.links[0].lose()
    trial.until(lambda: trial.came(Lost) == 1)
    trial.server.gate.set()

    with pytest.raises(NotAdmitted):
        trial.until(lambda: False)


def test_moves_are_followed_from_the_start() -> None:
    trial = Trial().joined()

    assert {topic.CONTROL_MOVE, topic.CONTROL_PULSE} <= trial.links[0].topics
