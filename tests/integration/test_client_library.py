"""The library against real brokers and workers."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from clients.attendance import TAKEN_OVER
from clients.event import Lost
from clients.link import Address, Link
from clients.worker.wire import Assignment, JoinProblem
from emostream import (
    Client,
    Evicted,
    Frame,
    LiteFrame,
    NotAdmitted,
    State,
    Tally,
    Unreachable,
)
from mosquitto.acl import WORKER
from mosquitto.topic import client_assignment
from tests.integration.front_desk import SOON_S, FrontDesk, frame, front_desk
from tests.integration.mqtt_peer import Login, Peer
from tests.integration.processes import LOOPBACK, free_port, wait_until


class Viewer:
    """Keeps what a client gets, in a thread of its own."""

    def __init__(self, client: Client[Any]) -> None:
        self.client = client
        self.frames: list[Any] = []
        self.states: list[State] = []
        self.error: Exception | None = None
        client.on_state(self.states.append)
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    @property
    def is_done(self) -> bool:
        return not self._thread.is_alive()

    def close(self) -> Tally:
        tally = self.client.close()
        self._thread.join(SOON_S)
        assert self.is_done
        return tally

    def wait_for(self, seq: int) -> None:
        def came() -> bool:
            return any(one.total == seq for one in [*self.frames])

        wait_until(came, within_s=SOON_S, what=f"frame {seq}")

    def wait_for_state(self, state: State) -> None:
        def told() -> bool:
            return self.client.state is state and self.states[-1:] == [state]

        wait_until(told, within_s=SOON_S, what=str(state))

    def _watch(self) -> None:
        try:
            for one in self.client.frames():
                self.frames.append(one)
        except (Evicted, NotAdmitted, Unreachable) as error:
            self.error = error


@contextmanager
def viewing(client: Client[Any]) -> Iterator[Viewer]:
    viewer = Viewer(client)
    try:
        yield viewer
    finally:
        viewer.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[FrontDesk]:
    with front_desk(tmp_path, clusters=2) as desk:
        desk.play(1)
        yield desk


def member_peer(desk: FrontDesk, number: int = 0) -> Peer:
    """Connect as a worker: it may tell clients what they are assigned."""
    password = desk.credentials.passwords[WORKER]
    return Peer(desk.clusters[number].port, Login(WORKER, password))


def refuse(desk: FrontDesk, problem: JoinProblem) -> None:
    place = client_assignment(desk.places[-1].client_id)
    with member_peer(desk) as worker:
        worker.publish(place, Assignment.refusing(problem).encode())


def test_who_joins_gets_the_newest_frame_at_once_and_then_each(desk: FrontDesk) -> None:
    with viewing(Client("final", desk.url)) as viewer:
        viewer.wait_for(1)
        desk.play(2)
        viewer.wait_for(2)
        wait_until(
            lambda: State.LIVE in viewer.states, within_s=SOON_S, what="it to be live"
        )

    assert viewer.frames == [frame(1), frame(2)]
    assert isinstance(viewer.frames[0], Frame)
    assert desk.asked == [{"room": "final", "profile": "full"}]


def test_lite_frames_are_small_values(desk: FrontDesk) -> None:
    with viewing(Client("final", desk.url, profile="lite")) as viewer:
        viewer.wait_for(1)

    assert viewer.frames == [LiteFrame(2000, 1, (("❤️", 1),), "2000 1 ❤️ 1")]


def test_a_busy_server_is_asked_again(desk: FrontDesk) -> None:
    desk.refusals += [(503, {"error": "full", "help": "Later."}), (429, {})]
    with viewing(Client("final", desk.url)) as viewer:
        viewer.wait_for(1)

    assert len(desk.asked) == 3


def test_what_no_server_takes_is_raised(desk: FrontDesk) -> None:
    desk.refusals.append((422, {"error": "bad_profile", "help": "No."}))

    with Client("final", desk.url) as client, pytest.raises(NotAdmitted) as caught:
        client.run()
    assert caught.value.label == "bad_profile"


def test_a_server_that_is_not_there_is_raised() -> None:
    url = f"http://{LOOPBACK}:{free_port()}"

    with Client("final", url) as client, pytest.raises(Unreachable):
        client.run()


def test_a_dead_brokers_clients_see_newer_frames_at_the_next(desk: FrontDesk) -> None:
    with viewing(Client("final", desk.url)) as viewer:
        viewer.wait_for(1)
        desk.clusters[0].kill()
        desk.play(2)
        viewer.wait_for(2)

    assert [one.total for one in viewer.frames] == [1, 2]
    assert len(desk.places) == 1


def test_when_all_brokers_of_the_list_are_gone_it_registers_again(
    desk: FrontDesk,
) -> None:
    desk.order = [0]
    with viewing(Client("final", desk.url)) as viewer:
        viewer.wait_for(1)
        desk.order = [1]
        desk.clusters[0].kill()
        desk.play(2)
        viewer.wait_for(2)

    assert [place.client_id for place in desk.places] == ["client-1", "client-2"]


def test_a_worker_that_is_started_again_goes_on_serving(desk: FrontDesk) -> None:
    with viewing(Client("final", desk.url)) as viewer:
        viewer.wait_for(1)
        desk.stop_workers()
        desk.start_workers()
        desk.play(2)
        viewer.wait_for(2)

    assert len(desk.places) == 1


def test_who_joins_while_no_worker_runs_is_served_by_the_first(desk: FrontDesk) -> None:
    desk.stop_workers()
    with viewing(Client("final", desk.url)) as viewer:
        wait_until(lambda: bool(desk.places), within_s=SOON_S, what="a place")
        desk.start_workers()
        viewer.wait_for(1)


def test_a_lease_is_renewed_before_it_ends(desk: FrontDesk) -> None:
    with member_peer(desk) as worker, viewing(Client("final", desk.url)) as viewer:
        viewer.wait_for(1)
        place = desk.places[0]
        worker.subscribe("clients/+/join", qos=1)
        short = Assignment(
            client_id=place.client_id,
            room="final",
            profile="full",
            slot=place.slot,
            topic=place.topic,
            lease_s=1,
        )
        worker.publish(client_assignment(place.client_id), short.encode())
        worker.turn_until(lambda: bool(worker.received), "a join")

    assert len(desk.places) == 1


def test_who_is_put_out_is_told_and_stays_out(desk: FrontDesk) -> None:
    with viewing(Client("final", desk.url)) as viewer:
        viewer.wait_for(1)
        refuse(desk, JoinProblem.EVICTED)
        wait_until(lambda: viewer.is_done, within_s=SOON_S, what="the end")

    assert isinstance(viewer.error, Evicted)
    assert len(desk.places) == 1


def test_a_full_cluster_is_left_for_another_place(desk: FrontDesk) -> None:
    with viewing(Client("final", desk.url)) as viewer:
        viewer.wait_for(1)
        refuse(desk, JoinProblem.FULL)
        wait_until(lambda: len(desk.places) == 2, within_s=SOON_S, what="a new place")
        desk.play(2)
        viewer.wait_for(2)


def test_who_is_thrown_off_by_a_stranger_goes_on_elsewhere(desk: FrontDesk) -> None:
    """Mosquitto 2.0.11 says nothing to who loses its id, it only hangs up."""
    with viewing(Client("final", desk.url)) as viewer:
        viewer.wait_for(1)
        login = Login(client_id=desk.places[0].client_id)
        with Peer(desk.clusters[0].port, login):
            desk.play(2)
            viewer.wait_for(2)


def test_a_broker_that_says_why_it_hangs_up_is_heard() -> None:
    connack, taken_over = b"\x20\x03\x00\x00\x00", b"\xe0\x02\x8e\x00"
    with socket.create_server((LOOPBACK, 0)) as listener:
        link = Link(Address(LOOPBACK, listener.getsockname()[1]), ())
        thread = threading.Thread(target=answer, args=(listener, connack + taken_over))
        thread.start()
        lost = next(event for event in link.events() if isinstance(event, Lost))
        thread.join(SOON_S)
        link.close()

    assert lost.reason == TAKEN_OVER


def answer(listener: socket.socket, packets: bytes) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(1024)
        connection.sendall(packets)
        connection.recv(1024)


def test_a_silent_stream_is_stale_and_one_that_only_pulses_is_quiet(
    desk: FrontDesk,
) -> None:
    with viewing(Client("final", desk.url)) as viewer:
        viewer.wait_for(1)
        viewer.wait_for_state(State.STALE)
        desk.pulse()
        viewer.wait_for_state(State.QUIET)
        desk.play(2)
        viewer.wait_for_state(State.LIVE)

    assert viewer.states[-3:] == [State.STALE, State.QUIET, State.LIVE]


def test_who_closes_leaves_at_once(desk: FrontDesk) -> None:
    with member_peer(desk) as worker, viewing(Client("final", desk.url)) as viewer:
        viewer.wait_for(1)
        worker.subscribe("clients/+/leave", qos=1)
        viewer.close()
        worker.turn_until(lambda: bool(worker.received), "a leave")


def test_a_client_can_be_closed_from_within_its_loop(desk: FrontDesk) -> None:
    client = Client("final", desk.url)
    for _ in client.frames():
        client.close()

    assert client.frame == frame(1)


def test_functions_are_called_for_each_frame(desk: FrontDesk) -> None:
    with Client("final", desk.url) as client:
        seen: list[Frame] = []
        client.on_frame(seen.append)
        client.on_frame(lambda _: client.close())
        client.run()

    assert seen == [frame(1)]


def test_taps_are_gathered_and_closing_tells_what_became_of_them(
    desk: FrontDesk,
) -> None:
    with Client("final", desk.url, user_id="me") as client:
        for emoji in ("❤️", "🔥"):
            assert client.tap(emoji, count=2)
        tally = client.close()

    assert (tally.asked, tally.accepted, tally.complete) == (4, 4, True)
    assert [one["emoji_type"] for one in desk.reactions] == ["❤️", "❤️", "🔥", "🔥"]
    assert {one["user_id"] for one in desk.reactions} == {"me"}
    assert desk.places == []
