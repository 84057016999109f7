"""Who is invited to the audience, and the places that the server gives them."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from clients.place import Place
from clients.registrar import Registrar
from clients.server import Unreachable, clients_url, http_client
from clients.steps import NotAdmitted, Placed
from clients.worker.wire import BrokerAddress, Join
from tests.load.measured import Failed

_REGISTERS_WITHIN_S = 20
_REGISTER_AGAIN_AFTER_S = 0.5


class NoSeat(Failed):
    """A member was not let in, or put out; the text says by what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """Who is to come where. Also what the audience's process reads."""

    host: str
    port: int
    """Where clients register."""

    canary: str
    """A room with one client of each cluster."""

    room: str
    members: int
    """So many clients of this room besides, each where its place says."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A place of one broker, and what is seen from there."""

    place: Place
    room: str


def tickets(invitation: Invitation) -> Iterator[Ticket]:
    """Register everybody.

    Raises:
        NoSeat: If somebody gets no place.
    """
    url = clients_url(f"http://{invitation.host}:{invitation.port}")
    with http_client(url) as http:
        canary = Registrar(http, url, Join(room=invitation.canary))
        clusters = _place(canary).brokers
        for broker in sorted(clusters, key=lambda one: (one.host, one.port)):
            yield _ticket(_place(canary), broker, invitation.canary)
        room = Registrar(http, url, Join(room=invitation.room))
        for _ in range(invitation.members):
            place = _place(room)
            yield _ticket(place, place.brokers[0], invitation.room)


def _ticket(place: Place, broker: BrokerAddress, room: str) -> Ticket:
    return Ticket(msgspec.structs.replace(place, brokers=(broker,)), room)


def _place(registrar: Registrar) -> Place:
    until_s = time.monotonic() + _REGISTERS_WITHIN_S
    while True:
        try:
            said = registrar.ask()
        except (NotAdmitted, Unreachable) as error:
            raise NoSeat(f"registering: {error}") from error
        if isinstance(said, Placed):
            return said.place
        if time.monotonic() > until_s:
            raise NoSeat(f"registering: {said.reason}")
        time.sleep(max(_REGISTER_AGAIN_AFTER_S, said.after_s))
