"""A registered client's connections, one after the other, as one row of events.

What is done and when is decided by `clients.attendance`; here it is carried out.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Protocol

import httpx

from clients.attendance import Attendance
from clients.event import Connected, Event, Tick
from clients.link import Address, Link
from clients.parcel import Following, Parcel
from clients.registrar import Registrar
from clients.server import clients_url, http_client
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
from clients.worker.wire import Join
from mosquitto import topic

_TICK_S = 0.1


class Connection(Protocol):
    """A connection to one broker; `clients.link.Link` is one."""

    def events(self) -> Iterator[Event]:
        """Yield what happens, and a `Tick` now and then."""
        ...

    def follow(self, topic: str, how: Following | None = None) -> int:
        """Subscribe soon, and whenever there is a new connection."""
        ...

    def publish(self, parcel: Parcel) -> None:
        """Hand a message to the broker; without a connection it is lost."""
        ...

    def close(self) -> None:
        """Take leave of the broker."""
        ...


Opener = Callable[[Address, Mapping[str, Following], Parcel], Connection]
"""Returns a connection to a broker, with what is followed and the will."""


class Server(Protocol):
    """Who gives places; `clients.registrar.Registrar` asks one."""

    def ask(self) -> Placed | PutOff:
        """Ask once."""
        ...


class Audience:
    """Belongs to a room's audience while its events are taken.

    Args:
        join: What is asked for.
        server: Who gives places.
        opener: Opens connections to brokers.
    """

    def __init__(
        self, join: Join, server: Server, opener: Opener | None = None
    ) -> None:
        self._attendance = Attendance(join)
        self._server, self._opener = server, opener or _open
        self._ending = threading.Event()
        self._own: deque[Event] = deque()
        self._link: Connection | None = None
        self._leave = Parcel("")
        self._events = self._ticks()

    def events(self) -> Generator[Event, None, None]:
        """Yield what happens until `end`; take leave then.

        `Joined` stands for a connection that serves this client, `Lost` for none.

        Raises:
            Evicted: If the operator has put this client out.
            NotAdmitted: If no such client is taken.
            Unreachable: If the first attempt to register found nobody.
        """
        try:
            while not self._ending.is_set():
                event = self._own.popleft() if self._own else next(self._events)
                yield from self._taken(event)
        finally:
            self._disconnect()

    def end(self) -> None:
        """Let `events` end soon; may be called from any thread."""
        self._ending.set()

    def _taken(self, event: Event) -> Iterator[Event]:
        for action in self._attendance.take(event):
            if isinstance(action, Joined):
                yield action
            else:
                self._carry_out(action)
        if not isinstance(event, Connected | Placed):
            yield event

    def _carry_out(self, action: Action) -> None:
        match action:
            case Register():
                self._own.append(self._server.ask())
            case Connect(broker=broker, client_id=client_id):
                self._connect(Address(broker.host, broker.port, client_id=client_id))
            case Disconnect():
                self._disconnect()
            case Publish(parcel=parcel) if self._link:
                self._link.publish(parcel)
            case Follow(topic=followed) if self._link:
                self._link.follow(followed)
            case _:
                pass

    def _connect(self, broker: Address) -> None:
        self._leave = Parcel(topic.client_leave(broker.client_id), qos=1)
        followed = {
            topic.client_assignment(broker.client_id): Following(qos=1),
            topic.CONTROL_PULSE: Following(),
        }
        self._link = self._opener(broker, followed, self._leave)
        self._events = self._link.events()

    def _disconnect(self) -> None:
        if self._link:
            self._link.publish(self._leave)
            self._link.close()
        self._link, self._events = None, self._ticks()

    def _ticks(self) -> Iterator[Event]:
        while True:
            self._ending.wait(_TICK_S)
            yield Tick(time.monotonic())


def audience(join: Join, url: str) -> tuple[Audience, httpx.Client]:
    """Return an audience of the server at `url`, and what is to be closed after it.

    Raises:
        BadUrl: If `url` is not an HTTP address.
    """
    place = clients_url(url)
    client = http_client(place)
    return Audience(join, Registrar(client, place, join)), client


def _open(
    broker: Address, followed: Mapping[str, Following], will: Parcel
) -> Connection:
    return Link(broker, followed, will=will)
