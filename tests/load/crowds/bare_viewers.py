"""Viewers of a bare broker, which read as a crowd's seats do.

`python -m tests.load.crowds.bare_viewers` reads a `BareInvitation` on stdin and writes
their number once all have subscribed; with the next line, what they got.
"""

import gc
import os
import resource
import sys
import time
from typing import Protocol

import msgspec

from clients.crowd.book import Book
from clients.crowd.connection import Connection
from clients.crowd.latency import Latency
from clients.crowd.leg import Leg
from clients.crowd.member import Member
from clients.crowd.poller import Poller
from clients.crowd.relayed import Copy, Reader
from clients.crowd.roles import Served, Source
from clients.event import Connected, Event, Lost
from clients.steps import Connect, Follow, Placed, PutOff
from clients.worker.wire import BrokerAddress

_COME_WITHIN_S = 60.0
TURN_S = 0.05
SHARES = 20
"""As a crowd's hall has it: in so many turns each is let know of the time once."""

_NICENESS = 15
_RETAINED = 0b0001
_READ_BYTES = 4096
_COLLECTED_AFTER = (50_000, 20, 100)
"""As the seats have it."""


class BareInvitation(msgspec.Struct, frozen=True, kw_only=True):
    """Who is to come where."""

    host: str
    port: int
    topic: str
    viewers: int
    per_s: float
    """So many come each second."""


class BareAttended(msgspec.Struct, frozen=True, kw_only=True):
    """What they got: as `clients.crowd.wire.Attended` has it."""

    deliveries: int
    reach: Latency | None
    everywhere: Latency | None
    last_s: float
    cpu_share: float
    lag_s: float
    lost: int
    """Connections that were lost."""


class Ticking(Protocol):
    """What is let know of the time."""

    def tick(self) -> None:
        """Let time pass."""
        ...


class Shares:
    """Lets time pass for one share of them each turn: their pings are spread, too.

    Args:
        now_s: When the first turn is due.
    """

    def __init__(self, now_s: float) -> None:
        self.due_s = now_s
        self._ticking: list[Ticking] = []
        self._turns = 0

    def __len__(self) -> int:
        """Return how many they are."""
        return len(self._ticking)

    def add(self, one: Ticking) -> None:
        """Let time pass for this one, too."""
        self._ticking.append(one)

    def let_time_pass(self, now_s: float) -> None:
        """Do the turn that is due, if one is."""
        if now_s < self.due_s:
            return
        self.due_s = now_s + TURN_S
        self._turns += 1
        for one in self._ticking[self._turns % SHARES :: SHARES]:
            one.tick()


class Viewer:
    """Subscribes, and has all it gets booked.

    Args:
        room: Where it stands.
        number: Which it is.
    """

    def __init__(self, room: "Room", number: int) -> None:
        self._room, self._member = room, Member()
        self._leg = Leg(0, self, room)
        invitation = room.invitation
        broker = BrokerAddress(invitation.host, invitation.port, 1)
        self._leg.carry_out(Connect(broker, f"viewer-{number}"))

    def tick(self) -> None:
        """Let time pass: a ping may be due."""
        self._leg.tick()

    def take(self, _: int, event: Event | Placed | PutOff) -> None:
        """Subscribe once it is let in."""
        match event:
            case Connected():
                self._leg.carry_out(Follow(self._room.invitation.topic))
            case Lost():
                self._room.lost += 1
            case _:
                pass  # nothing else is its business

    def follows(self, at_s: float) -> None:
        """Be there."""
        self._member.come(at_s)
        self._room.there += 1

    def frame(self, leg: Source, copy: Copy, arrived_s: float, flags: int) -> None:
        """Take a frame."""
        retained = bool(flags & _RETAINED)
        book = self._room.book
        book.lag_s = max(book.lag_s, self._room.wall_s - arrived_s)
        book.take(self._member, leg.cluster, copy.sight, arrived_s, retained=retained)

    def lost(self) -> None:
        """Be away."""
        self._member.go(self._room.wall_s)


class Room:
    """All viewers; served by the thread that asks.

    Args:
        invitation: Who is to come.
    """

    def __init__(self, invitation: BareInvitation) -> None:
        self.invitation = invitation
        self.book = Book()
        self.reader = Reader(self.book)
        self.now_s, self.wall_s = time.monotonic(), time.time()
        self.there = self.lost = 0
        self._poller = Poller()
        self._viewers = Shares(self.now_s)
        self._began_s = self.now_s
        self._is_stopped = False

    def fill(self) -> int:
        """Have all come; return how many have subscribed in time."""
        wanted, until_s = self.invitation.viewers, time.monotonic() + _COME_WITHIN_S
        while self.there < wanted and self.now_s < until_s:
            due = int((self.now_s - self._began_s) * self.invitation.per_s) + 1
            for number in range(len(self._viewers), min(due, wanted)):
                self._viewers.add(Viewer(self, number))
            self._turn()
        return self.there

    def show(self, stop: int) -> BareAttended:
        """Take frames until there is something to read at `stop`."""
        self._poller.listen(stop, lambda: self._stop(stop))
        cpu_s, began_s = time.process_time(), time.monotonic()
        while not self._is_stopped:
            self._turn()
        busy_s, lasted_s = time.process_time() - cpu_s, time.monotonic() - began_s
        return BareAttended(
            deliveries=self.book.deliveries,
            reach=self.book.reach(),
            everywhere=self.book.everywhere(),
            last_s=self.book.last_s,
            cpu_share=busy_s / lasted_s,
            lag_s=self.book.lag_s,
            lost=self.lost,
        )

    def watch(self, served: Served, connection: Connection) -> None:
        """Serve a connection from now on."""
        self._poller.watch(served, connection)

    def unwatch(self, connection: Connection) -> None:
        """Serve it no more."""
        self._poller.unwatch(connection)

    def wait_to_send(self, connection: Connection) -> None:
        """Tell it when there is room."""
        self._poller.wait_to_send(connection)

    def _stop(self, file: int) -> None:
        os.read(file, _READ_BYTES)
        self._is_stopped = True

    def _turn(self) -> None:
        if self._poller.wait(self._viewers.due_s - self.now_s):
            self._set_clock()
            self._poller.serve(self.wall_s)
        self._set_clock()
        self._viewers.let_time_pass(self.now_s)

    def _set_clock(self) -> None:
        self.now_s, self.wall_s = time.monotonic(), time.time()


def main() -> None:
    """Do what the invitation on stdin says."""
    invitation = msgspec.json.decode(sys.stdin.buffer.readline(), type=BareInvitation)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    gc.freeze()
    gc.set_threshold(*_COLLECTED_AFTER)
    room = Room(invitation)
    _answer(room.fill())
    os.nice(_NICENESS)  # as a crowd's seats do once all are there
    _answer(room.show(sys.stdin.fileno()))


def _answer(answer: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
