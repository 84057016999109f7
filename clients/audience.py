"""A registered client's connections, one after the other, as one row of events.

What is done and when is decided by `clients.succession`; here it is carried out.
"""

import threading
import time
from collections.abc import Generator, Iterator

import httpx

from clients.event import Event, Tick
from clients.registrar import Registrar
from clients.seat import Opener, Seat, Server, opened
from clients.server import clients_url, http_client
from clients.steps import NotAdmitted, PutOff
from clients.succession import Do, Succession
from clients.worker.wire import Join

_TICK_S = 0.25
_TICK_OF_TWO_S = 0.02
"""While there are two connections, each waits for the other."""


class Audience:
    """Belongs to a room's audience while its events are taken.

    Args:
        join: What is asked for.
        server: Who gives places.
        opener: Opens connections to brokers.
    """

    def __init__(self, join: Join, server: Server, opener: Opener = opened) -> None:
        self._succession = Succession(join)
        self._server, self._opener = server, opener
        self._ending = threading.Event()
        self._seats: dict[int, Seat] = {}

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
                for leg in self._succession.legs:
                    yield from self._turned(leg)
        finally:
            for seat in self._seats.values():
                seat.leave()

    def end(self) -> None:
        """Let `events` end soon; may be called from any thread."""
        self._ending.set()

    def _turned(self, leg: int) -> Iterator[Event]:
        """Take what has come to a leg, up to its next tick."""
        while leg in self._succession.legs and not self._ending.is_set():
            event = self._happened(leg)
            for step in self._succession.take(leg, event):
                if isinstance(step, Do):
                    self._seat(step.leg).carry_out(step.action)
                    self._pace()
                else:
                    yield step
            if type(event) is Tick:
                break

    def _happened(self, leg: int) -> Event:
        legs = self._succession.legs
        try:
            return self._seat(leg).next(is_only=len(legs) == 1)
        except NotAdmitted as refusal:
            if leg == legs[0]:
                raise
            # It is served: who answers for the server just now need not end that.
            return PutOff(time.monotonic(), str(refusal))

    def _seat(self, leg: int) -> Seat:
        if leg not in self._seats:
            is_first = not self._seats
            self._seats[leg] = Seat(
                self._server, self._opener, self._ending, may_wait=is_first
            )
        return self._seats[leg]

    def _pace(self) -> None:
        """Let nobody wait long for another; forget who has left."""
        gone = self._seats.keys() - {*self._succession.legs}
        for leg in [leg for leg in gone if self._seats[leg].link is None]:
            del self._seats[leg]
        links = [seat.link for seat in self._seats.values() if seat.link]
        for link in links:
            link.tick_s = _TICK_S if len(links) == 1 else _TICK_OF_TWO_S


def audience(join: Join, url: str) -> tuple[Audience, httpx.Client]:
    """Return an audience of the server at `url`, and what is to be closed after it.

    Raises:
        BadUrl: If `url` is not an HTTP address.
    """
    place = clients_url(url)
    client = http_client(place)
    return Audience(join, Registrar(client, place, join)), client
