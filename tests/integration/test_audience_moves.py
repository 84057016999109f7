"""Clients that are asked to leave a cluster, under a steady stream of frames."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Self

import pytest

from clients.worker.wire import Assignment, Join, JoinProblem, Move, Moves
from emostream import Client, Frame, LiteFrame, State
from mosquitto import topic
from mosquitto.acl import OPERATOR
from tests.integration.front_desk import FrontDesk, front_desk, soon
from tests.integration.mqtt_peer import V311, Login, Peer

CLIENTS = 12
FRAMES = 60
EVERY_S = 0.05
FINAL = Join("final").encode()


class Viewer:
    """A user of the library, in a thread of its own."""

    def __init__(self, client: Client[Any]) -> None:
        self.client = client
        self.totals: list[int] = []
        self.states: list[State] = []
        client.on_state(self.states.append)
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def close(self) -> None:
        self.client.close()
        self._thread.join()

    def _watch(self) -> None:
        for one in self.client.frames():
            self.totals.append(one.total)


class Stream:
    """Brings frames in order, now and then two at once."""

    def __init__(self, desk: FrontDesk) -> None:
        self.total = 0
        self._desk = desk
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._play)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _play(self) -> None:
        while not self._is_over.wait(EVERY_S):
            for _ in range(2 if self.total % 3 == 0 else 1):
                self.total += 1
                self._desk.play(self.total)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[FrontDesk]:
    with front_desk(tmp_path, clusters=2) as desk:
        yield desk


def say(desk: FrontDesk, **clusters: float) -> None:
    """Say which clusters are to be left, and wait until these know it."""
    named = {name.replace("_", "-"): Move(each) for name, each in clusters.items()}
    password = desk.credentials.passwords[OPERATOR]
    with Peer(desk.main_port, Login(OPERATOR, password)) as operator:
        operator.publish(topic.CONTROL_MOVE, Moves(named).encode(), retain=True)
    for broker in desk.clusters:
        with Peer(broker.port, Login(OPERATOR, password)) as operator:
            operator.subscribe(topic.CONTROL_MOVE)
            operator.turn_until(partial(_knows, operator, Moves(named)), "the word")


def _knows(operator: Peer, moves: Moves) -> bool:
    said = [one.payload for one in operator.received]
    return said[-1:] == [moves.encode()]


def members(desk: FrontDesk, number: int) -> set[str]:
    """Return who is a member of a cluster."""
    password = desk.credentials.passwords[OPERATOR]
    with Peer(desk.clusters[number].port, Login(OPERATOR, password)) as operator:
        operator.subscribe(topic.member("+", "+"))
        operator.catch_up()
        return {one.topic.split("/")[2] for one in operator.received if one.payload}


def _full(url: str) -> Client[Frame]:
    return Client("final", url)


def _lite(url: str) -> Client[LiteFrame]:
    return Client("final", url, profile="lite")


@contextmanager
def viewers(
    desk: FrontDesk, make: Callable[[str], Client[Any]] = _full
) -> Iterator[list[Viewer]]:
    desk.order = [0]
    with ExitStack() as stack:
        seen = []
        for _ in range(CLIENTS):
            seen.append(Viewer(make(desk.url)))
            stack.callback(seen[-1].close)
        yield seen


def all_have(seen: list[Viewer], total: Callable[[], int]) -> Callable[[], bool]:
    return lambda: all(one.totals[-1:] >= [total()] for one in seen)


def test_whoever_moves_misses_no_frame_and_sees_nothing_of_it(desk: FrontDesk) -> None:
    with viewers(desk) as seen:
        with Stream(desk) as stream:
            soon(all_have(seen, lambda: 1), "a frame for everybody")
            soon(lambda: stream.total > FRAMES, "some frames")
            soon(lambda: all(one.client.state is State.LIVE for one in seen), "life")
            before = {one: len(one.states) for one in seen}
            desk.order = [1]
            say(desk, cluster_1=1)
            soon(lambda: len(members(desk, 1)) == CLIENTS, "everybody there")
            soon(lambda: not members(desk, 0), "nobody here")
            moved_at = stream.total
            soon(lambda: stream.total > moved_at + FRAMES, "some more frames")
        soon(all_have(seen, lambda: stream.total), "the last frame for everybody")

        for one in seen:
            first, last = one.totals[0], stream.total
            assert one.totals == [*range(first, last + 1)]
            assert one.states[before[one] :] == []
        assert len(desk.places) == 2 * CLIENTS


def test_who_wants_lines_moves_too(desk: FrontDesk) -> None:
    with viewers(desk, _lite) as seen, Stream(desk) as stream:
        soon(all_have(seen, lambda: 1), "a line for everybody")
        desk.order = [1]
        say(desk, cluster_1=0)
        soon(lambda: len(members(desk, 1)) == CLIENTS, "everybody there")
        soon(lambda: not members(desk, 0), "nobody here")
        moved_at = stream.total
        soon(all_have(seen, lambda: moved_at + 1), "a line for everybody")

        for one in seen:
            assert one.totals == sorted({*one.totals})
            assert State.CONNECTING not in one.states


def test_where_nothing_comes_they_move_too(desk: FrontDesk) -> None:
    with viewers(desk):
        soon(lambda: len(members(desk, 0)) == CLIENTS, "everybody here")
        desk.order = [1]
        say(desk, cluster_1=0)
        soon(lambda: len(members(desk, 1)) == CLIENTS, "everybody there")
        soon(lambda: not members(desk, 0), "nobody here")


def test_who_finds_no_other_place_stays_until_there_is_one(desk: FrontDesk) -> None:
    with viewers(desk) as seen:
        with Stream(desk) as stream:
            soon(all_have(seen, lambda: 1), "a frame for everybody")
            desk.refusals += [(503, {"error": "full", "help": "Later."})] * 40
            desk.order = [1]
            say(desk, cluster_1=0)
            soon(lambda: not desk.refusals, "every refusal")
            soon(lambda: len(members(desk, 1)) == CLIENTS, "everybody there")
        soon(all_have(seen, lambda: stream.total), "the last frame for everybody")

        for one in seen:
            assert one.totals == [*range(one.totals[0], stream.total + 1)]


def test_if_their_broker_dies_meanwhile_they_go_on_at_the_next(desk: FrontDesk) -> None:
    with viewers(desk) as seen:
        desk.play(1)
        soon(all_have(seen, lambda: 1), "a frame for everybody")
        desk.refusals += [(503, {"error": "full", "help": "Later."})] * 15
        desk.order = [1]
        say(desk, cluster_1=0)
        desk.clusters[0].kill()
        desk.play(2)

        soon(all_have(seen, lambda: 2), "a newer frame for everybody")


class Member:
    """A client without the library: it knows nothing of moves."""

    def __init__(self, peer: Peer, client_id: str) -> None:
        self.peer, self.client_id = peer, client_id
        peer.subscribe(topic.client_assignment(client_id), qos=1)

    def ask(self) -> Assignment:
        """Ask to join, also again and again, and return the answer."""
        known = len(self.answers())

        def is_told() -> bool:
            self.peer.publish(topic.client_join(self.client_id), FINAL)
            self.peer.catch_up()
            return len(self.answers()) > known

        soon(is_told, "an answer")
        return self.answers()[-1]

    def frames(self) -> list[int]:
        """Return the frames that came, by their `total`."""
        relayed = (one for one in self.peer.received if one.topic.startswith("relay/"))
        return [Frame.decode(bytes(one.payload)).total for one in relayed]

    def answers(self) -> list[Assignment]:
        """Return all that it was told."""
        place = topic.client_assignment(self.client_id)
        said = (one.payload for one in self.peer.received if one.topic == place)
        return [Assignment.decode(bytes(one)) for one in said]


def test_who_does_not_listen_is_served_on_and_who_is_new_is_not(
    desk: FrontDesk,
) -> None:
    port = desk.clusters[0].port
    desk.play(1)
    with (
        Peer(port, Login(client_id="old", version=V311)) as old_peer,
        Peer(port, Login(client_id="new")) as new_peer,
    ):
        old, new = Member(old_peer, "old"), Member(new_peer, "new")
        old_peer.subscribe(old.ask().topic)
        say(desk, cluster_1=0)

        assert new.ask().error == JoinProblem.DRAINING
        assert old.ask().topic
        desk.play(2)
        old_peer.turn_until(lambda: old.frames()[-1:] == [2], "the next frame")
        assert old.frames()[0] == 1

        say(desk)
        assert new.ask().topic


def test_a_worker_that_is_started_again_knows_that_it_is_to_be_left(
    desk: FrontDesk,
) -> None:
    say(desk, cluster_1=0)
    desk.stop_workers()
    with Peer(desk.clusters[0].port, Login(client_id="new")) as peer:
        new = Member(peer, "new")
        desk.start_workers()
        new.ask()

        assert {one.error for one in new.answers()} == {JoinProblem.DRAINING}
