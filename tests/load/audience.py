"""The audience: registered clients in a process of their own.

It reads a while after something came: a thousand phones have CPUs of their own, and
this one must not take one from who still sends to the others. When a message came is
what the kernel noted at its socket.

`python -m tests.load.audience` reads an `Invitation` on stdin and writes the number of
its members once all have joined. With the next line it writes what each of them got.
"""

import gc
import os
import resource
import selectors
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import httpx
import msgspec

from tests.load.attendance import Member
from tests.load.measured import Failed
from tests.load.seat import NoSeat, Place, Seat, Ticket

_REGISTERS_WITHIN_S = 20
_REGISTER_AGAIN_AFTER_S = 0.5
_JOINS_WITHIN_S = 60
_TURN_S = 0.5
_LINGER_S = 0.004
"""From the first message of many until they are read."""

_TICK_EVERY_S = 0.5
_NICENESS = 15


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


class Audience:
    """Members with a connection each, served by the thread that asks."""

    def __init__(self, tickets: Iterable[Ticket]) -> None:
        self._seats: list[Seat] = []
        self._selector = selectors.DefaultSelector()
        self._tick_s = 0.0
        self._is_stopped = False
        for ticket in tickets:
            seat = Seat(ticket, time.monotonic())
            self._seats.append(seat)
            self._selector.register(seat.socket, selectors.EVENT_READ, seat)

    def sit_down(self, within_s: float = _JOINS_WITHIN_S) -> int:
        """Return how many members there are, once all have been assigned.

        Raises:
            NoSeat: If one is not.
        """
        until_s = time.monotonic() + within_s
        self._serve_until(
            lambda: (
                all(seat.is_taken for seat in self._seats) or time.monotonic() > until_s
            )
        )
        missing = sum(not seat.is_taken for seat in self._seats)
        if missing:
            raise NoSeat(
                f"{missing} of {len(self._seats)} were not assigned in {within_s:.0f} s"
            )
        return len(self._seats)

    def watch(self, stop: int) -> list[Member]:
        """Return what everybody got, once there is something to read at `stop`."""
        self._selector.register(stop, selectors.EVENT_READ)
        self._serve_until(lambda: self._is_stopped)
        return [seat.member() for seat in self._seats]

    def _serve_until(self, is_done: Callable[[], bool]) -> None:
        while not is_done():
            self._selector.select(_TURN_S)
            time.sleep(_LINGER_S)
            self._receive()
            now_s = time.monotonic()
            if now_s >= self._tick_s:
                self._tick_s = now_s + _TICK_EVERY_S
                for seat in self._seats:
                    seat.tick(now_s)

    def _receive(self) -> None:
        now_s = time.monotonic()
        for key, _ in self._selector.select(0):
            if key.data is None:
                self._is_stopped = True
            else:
                key.data.receive(now_s)


def tickets(invitation: Invitation) -> Iterator[Ticket]:
    """Register everybody.

    Raises:
        NoSeat: If somebody gets no place.
    """
    url = f"http://{invitation.host}:{invitation.port}/v1/clients"
    with httpx.Client(trust_env=False) as http:
        clusters = _register(http, url, invitation.canary).brokers
        for broker in sorted(clusters, key=lambda one: (one.host, one.port)):
            place = _register(http, url, invitation.canary)
            yield Ticket(place, broker, invitation.canary)
        for _ in range(invitation.members):
            place = _register(http, url, invitation.room)
            yield Ticket(place, place.brokers[0], invitation.room)


def _register(http: httpx.Client, url: str, room: str) -> Place:
    until_s = time.monotonic() + _REGISTERS_WITHIN_S
    while True:
        answer = http.post(url, json={"room": room, "profile": "full"})
        if answer.status_code == httpx.codes.CREATED:
            return msgspec.json.decode(answer.content, type=Place)
        again = answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
        if not again or time.monotonic() > until_s:
            raise NoSeat(f"registering is answered {answer.status_code}: {answer.text}")
        time.sleep(_REGISTER_AGAIN_AFTER_S)


def main() -> None:
    """Do what the invitation on stdin says."""
    invitation = msgspec.json.decode(sys.stdin.buffer.readline(), type=Invitation)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    # A thousand real clients have processors of their own: what the system still has
    # to send comes before what these have to read. The kernel notes when it came.
    os.nice(_NICENESS)
    try:
        audience = Audience(tickets(invitation))
        gc.disable()  # a collection would make arrivals late
        _write(audience.sit_down())
        _write(audience.watch(sys.stdin.fileno()))
    except (Failed, httpx.HTTPError, OSError) as error:
        sys.exit(str(error))


def _write(what: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(what) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
