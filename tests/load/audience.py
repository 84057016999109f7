"""The audience: registered clients in a process of their own.

They are made of what a crowd's seats are made of, but for what they do when something
goes wrong: here that ends the run. When a message came is what the kernel noted at its
socket.

`python -m tests.load.audience` reads an `Invitation` on stdin and writes the number of
its members once all are there. With the next line it writes what each of them got.
"""

import gc
import os
import resource
import sys
import time
from collections.abc import Callable, Iterable

import msgspec

from clients.attendance import Attendance
from clients.crowd.book import Book
from clients.crowd.connection import Connection
from clients.crowd.leg import Leg
from clients.crowd.poller import Poller
from clients.crowd.relayed import Copy, Reader
from clients.crowd.roles import Served, Source
from clients.event import Event, Lost, Message, Tick
from clients.steps import Disconnect, Evicted, NotAdmitted, Placed
from clients.worker.wire import Join
from tests.load.attendance import Member
from tests.load.matching import Sighting
from tests.load.measured import Failed
from tests.load.tickets import Invitation, NoSeat, Ticket, tickets

_JOINS_WITHIN_S = 60
_TURN_S = 0.5
_TICK_EVERY_S = 0.5
_NICENESS = 15


class Seat:
    """Joins where its ticket says, and keeps what it gets.

    Args:
        audience: Where it stands.
        ticket: Whose it is.

    Raises:
        NoSeat: If the broker does not take the connection.
    """

    def __init__(self, audience: "Audience", ticket: Ticket) -> None:
        self._ticket = ticket
        self._attendance = Attendance(Join(room=ticket.room))
        self._leg = Leg(0, self, audience)
        self._got: list[tuple[Copy, float]] = []
        self.is_there = False
        """Whether it gets frames."""
        self.take(0, Tick(audience.now_s))  # now it asks for a place, and has one
        self.take(0, Placed(audience.now_s, ticket.place))

    def tick(self) -> None:
        """Do what is due."""
        self._leg.tick()

    def take(self, _: int, event: Event | Placed) -> None:
        """Learn what happened, and do what is to be done then.

        Raises:
            NoSeat: If the broker or a worker says no, or the broker has gone.
        """
        if isinstance(event, Lost):
            raise self._refused(event.reason)
        try:
            actions = self._attendance.take(event)
        except (Evicted, NotAdmitted) as refusal:
            raise self._refused(str(refusal)) from refusal
        for action in actions:
            if isinstance(action, Disconnect):
                raise self._refused(_why_left(event))
            self._leg.carry_out(action)

    def follows(self, _: float) -> None:
        """Be there."""
        self.is_there = True

    def frame(self, _: Source, copy: Copy, arrived_s: float, __: int) -> None:
        """Take a frame."""
        self._got.append((copy, arrived_s))

    def lost(self) -> None:
        """Do nothing: `take` learns why."""

    def member(self) -> Member:
        """Return what it got."""
        got = tuple(_sighting(copy, arrived_s) for copy, arrived_s in self._got)
        return Member(self._leg.cluster, self._ticket.room, got)

    def _refused(self, why: str) -> NoSeat:
        place = self._ticket.place
        broker = place.brokers[0]
        return NoSeat(f"{place.client_id} at {broker.host}:{broker.port}: {why}")


class Audience:
    """Seats with a connection each, served by the thread that asks."""

    def __init__(self) -> None:
        self.reader = Reader(Book())
        self.now_s = time.monotonic()
        self._poller = Poller()
        self._seats: list[Seat] = []
        self._tick_s = 0.0
        self._is_stopped = False

    def sit_down(
        self, tickets: Iterable[Ticket], within_s: float = _JOINS_WITHIN_S
    ) -> int:
        """Return how many members there are, once all get frames.

        Raises:
            NoSeat: If one does not.
        """
        for ticket in tickets:
            self._serve()  # who came before is not to wait for all others
            self._seats.append(Seat(self, ticket))
        until_s = time.monotonic() + within_s
        self._serve_until(lambda: not self._missing or self.now_s > until_s)
        if missing := self._missing:
            raise NoSeat(
                f"{missing} of {len(self._seats)} were not assigned in {within_s:.0f} s"
            )
        return len(self._seats)

    def show(self, stop: int) -> list[Member]:
        """Return what everybody got, once there is something to read at `stop`.

        Raises:
            NoSeat: If somebody was put out, or got what is no frame.
        """
        self._poller.listen(stop, self._stop)
        self._serve_until(lambda: self._is_stopped)
        if self.reader.unreadable:
            raise NoSeat(f"messages that are no frames: {self.reader.unreadable}")
        return [seat.member() for seat in self._seats]

    def watch(self, served: Served, connection: Connection) -> None:
        """Serve a connection from now on."""
        self._poller.watch(served, connection)

    def unwatch(self, connection: Connection) -> None:
        """Serve it no more."""
        self._poller.unwatch(connection)

    def wait_to_send(self, connection: Connection) -> None:
        """Tell it when there is room."""
        self._poller.wait_to_send(connection)

    @property
    def _missing(self) -> int:
        return sum(not seat.is_there for seat in self._seats)

    def _stop(self) -> None:
        self._is_stopped = True

    def _serve_until(self, is_done: Callable[[], bool]) -> None:
        while not is_done():
            self._poller.wait(_TURN_S)
            self._serve()

    def _serve(self) -> None:
        self.now_s = time.monotonic()
        self._poller.serve(time.time())
        if self.now_s >= self._tick_s:
            self._tick_s = self.now_s + _TICK_EVERY_S
            for seat in self._seats:
                seat.tick()


def _why_left(event: Event | Placed) -> str:
    if isinstance(event, Message):
        return f"it is told {event.payload.decode(errors='replace')}"
    return "it is not answered"


def _sighting(copy: Copy, arrived_s: float) -> Sighting:
    worker_s = copy.sight.worker_s or None
    return Sighting.of(
        copy.frame, arrived_s, bridge_ms=copy.bridge_ms, worker_s=worker_s
    )


def main() -> None:
    """Do what the invitation on stdin says."""
    invitation = msgspec.json.decode(sys.stdin.buffer.readline(), type=Invitation)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    audience = Audience()
    gc.disable()  # a collection would make others wait
    try:
        _write(audience.sit_down(tickets(invitation)))
        # A thousand real clients have processors of their own: what the system still
        # has to send comes before what these have to read. The kernel notes when it
        # came.
        os.nice(_NICENESS)
        _write(audience.show(sys.stdin.fileno()))
    except Failed as error:
        sys.exit(str(error))


def _write(what: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(what) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
