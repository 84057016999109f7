"""Which of a crowd's connections reach a broker: what brokers have to bear."""

import socket
import time

from clients.crowd.connection import Connection
from clients.crowd.hall import Hall
from clients.crowd.poller import Poller
from clients.crowd.wire import Invitation
from clients.place import Place
from clients.steps import Placed
from clients.worker.wire import BrokerAddress
from tests.integration.processes import LOOPBACK, free_port

VIEWERS = 5
WITHIN_S = 60.0
INVITATION = Invitation(
    url="http://127.0.0.1:1",
    room="final",
    clients=0,
    viewers=VIEWERS,
    arrive_within_s=0.0,
)


class Desk:
    """Gives a dead broker, and then one that lives."""

    def __init__(self, *ports: int) -> None:
        self._brokers = tuple(BrokerAddress(LOOPBACK, port, 1) for port in ports)

    def ask(self) -> Placed:
        return Placed(
            time.monotonic(),
            Place(
                client_id="somebody",
                brokers=self._brokers,
                slot="0",
                topic="relay/0/final/full",
                spread_s=0.1,
            ),
        )


class Caller:
    """Has sent what it has to send as soon as there is room."""

    def __init__(self) -> None:
        self.turns = 0

    def writable(self) -> bool:
        self.turns += 1
        return False

    def receive(self, wall_s: float) -> None:
        """Nothing comes."""


def test_what_waits_to_send_once_more_has_reached_its_broker_once() -> None:
    poller, caller = Poller(), Caller()
    with socket.create_server((LOOPBACK, 0)) as alive:
        port = alive.getsockname()[1]
        connection = Connection(BrokerAddress(LOOPBACK, port, 1), b"")
        poller.watch(caller, connection, begun_s=99.0)
        for turn in (1, 2):
            until_s = time.monotonic() + WITHIN_S
            while caller.turns < turn and time.monotonic() < until_s:
                poller.wait(0.05)
                poller.serve(100.0)
            poller.wait_to_send(connection)
        connection.close()

    assert caller.turns == 2
    assert [*poller.reached] == [99.0]


def test_a_try_at_a_dead_broker_is_a_try_and_reaches_none() -> None:
    with socket.create_server((LOOPBACK, 0)) as alive:
        hall = Hall(INVITATION, Desk(free_port(), alive.getsockname()[1]))
        until_s = time.monotonic() + WITHIN_S
        while len(hall.poller.reached) < VIEWERS and time.monotonic() < until_s:
            hall.serve(0.05)
        hall.close()

    assert len(hall.connects) == 2 * VIEWERS
    assert len(hall.poller.reached) == VIEWERS
    assert {*hall.poller.reached} <= {*hall.connects}
    assert sorted(hall.connects)[VIEWERS - 1] <= min(hall.poller.reached)
