"""One leg of a registered client: its connections, and who gives it places."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from clients.event import Event, Tick
from clients.link import Address, Link
from clients.parcel import Following, Parcel
from clients.steps import (
    Action,
    Connect,
    Disconnect,
    Follow,
    Placed,
    Publish,
    PutOff,
    Register,
)
from mosquitto import topic

_TICK_S = 0.1


class Connection(Protocol):
    """A connection to one broker; `clients.link.Link` is one."""

    tick_s: float
    """How long `events` may wait before there is a `Tick`."""

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


class Seat:
    """Does what is to be done for one leg, and tells what happens to it.

    Args:
        server: Who gives places.
        opener: Opens connections to brokers.
        ending: Set when nothing is to be waited for any more.
        may_wait: Whether nobody else has to be served while the server is asked or a
            broker is called.
    """

    def __init__(
        self,
        server: Server,
        opener: Opener,
        ending: threading.Event,
        *,
        may_wait: bool,
    ) -> None:
        self._server, self._opener, self._ending = server, opener, ending
        self._may_wait = may_wait
        self._own: deque[Event | Exception] = deque()
        self._events: Iterator[Event] = iter(())
        self._leave = Parcel("")
        self.link: Connection | None = None
        self._calling: Connection | None = None
        """The connection that is being opened in another thread."""
        self._deciding = threading.Lock()

    def next(self, *, is_only: bool) -> Event:
        """Return what happened next, waiting a moment for it if this leg is the only.

        Raises:
            Exception: That with which the server was asked in vain.
        """
        is_calling = self._calling is not None  # first: then what came of it is there
        if self._own:
            event = self._own.popleft()
            if isinstance(event, Exception):
                raise event
            return event
        if self.link and not is_calling:
            return next(self._events)
        if is_only:
            self._ending.wait(_TICK_S)
        return Tick(time.monotonic())

    def carry_out(self, action: Action) -> None:
        """Do it."""
        match action:
            case Register() if self._may_wait:
                self._own.append(self._server.ask())
            case Register():
                threading.Thread(target=self._ask, name="place", daemon=True).start()
            case Connect(broker=broker, client_id=client_id):
                self._connect(Address(broker.host, broker.port, client_id=client_id))
            case Disconnect():
                self.leave()
            case Publish(parcel=parcel) if self.link:
                self.link.publish(parcel)
            case Follow(topic=followed) if self.link:
                self.link.follow(followed)
            case _:
                pass

    def leave(self) -> None:
        """Take leave of the broker, if there is one."""
        with self._deciding:
            link, self.link = self.link, None
            is_calling, self._calling = self._calling is not None, None
        if link and not is_calling:  # else who opens it closes it
            link.publish(self._leave)
            link.close()

    def _ask(self) -> None:
        try:
            self._own.append(self._server.ask())
        except Exception as error:  # noqa: BLE001 - raised again by who takes events
            self._own.append(error)

    def _connect(self, broker: Address) -> None:
        self._leave = Parcel(topic.client_leave(broker.client_id), qos=1)
        followed = {
            topic.client_assignment(broker.client_id): Following(qos=1),
            topic.CONTROL_PULSE: Following(),
            topic.CONTROL_MOVE: Following(),
        }
        self.link = self._opener(broker, followed, self._leave)
        self._events = self.link.events()
        if not self._may_wait:
            self._calling = self.link
            called = (self.link, self._events)
            threading.Thread(
                target=self._call, args=called, name="broker", daemon=True
            ).start()

    def _call(self, link: Connection, events: Iterator[Event]) -> None:
        """Have the first event, for which a broker that is not there takes seconds."""
        first: Event | Exception
        try:
            first = next(events)
        except Exception as error:  # noqa: BLE001 - raised again by who takes events
            first = error
        with self._deciding:
            is_wanted = self._calling is link
            if is_wanted:
                self._own.append(first)
                self._calling = None
        if not is_wanted:
            link.close()


def opened(
    broker: Address, followed: Mapping[str, Following], will: Parcel
) -> Connection:
    """Return a connection over MQTT."""
    return Link(broker, followed, will=will)
