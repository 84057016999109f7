"""The seats of a crowd: who comes when, stays how long, and what became of them."""

import heapq
import itertools
import random
import time
from array import array
from collections import deque
from collections.abc import Callable
from functools import partial

from clients.crowd.asking import Asking, Server
from clients.crowd.book import Book
from clients.crowd.connection import Connection
from clients.crowd.member import Member, Missed
from clients.crowd.poller import Poller
from clients.crowd.relayed import Reader
from clients.crowd.roles import Served
from clients.crowd.seat import Seat
from clients.crowd.wire import Invitation
from clients.server import Unreachable
from clients.steps import Placed, PutOff
from clients.worker.wire import Join

STAYS_S = (10.0, 30.0)
"""Who comes and goes stays at random within these; who waits for a place, longer."""

TIME_TO_JOIN_S = 10.0
"""Who came so long ago and never joined was not admitted."""

STAYS_AWAY_S = (0.0, 2.0)

_TURN_S = 0.05
_SHARES = 20
"""Whom nothing is to be done for is let know of the time each so many turns."""

_SETTLED_AFTER_S = 5.0
"""Who has left so long ago gets nothing more: what it missed is known."""


class Hall:
    """Has clients come, stay, and leave; served by the thread that asks.

    Args:
        invitation: Who is to come.
        server: Who gives places.
        stays_s: The shortest and the longest stay of who comes and goes.
    """

    def __init__(
        self,
        invitation: Invitation,
        server: Server,
        stays_s: tuple[float, float] = STAYS_S,
    ) -> None:
        self._invitation, self._stays_s = invitation, stays_s
        self._join = Join(room=invitation.room)
        self.book = Book()
        self.reader = Reader(self.book)
        self.poller = Poller()
        self.now_s, self.wall_s = time.monotonic(), time.time()
        self.clients: list[Seat] = []
        """Those that also react, in their order."""
        self.here: dict[Seat, float] = {}
        """Those that are to be here now, and since when."""
        self.gone = Missed()
        self.connects, self.joins = array("d"), array("d")
        self.moves = self.reconnects = self.put_out = self.put_off = 0
        self.problem = self.put_off_for = ""
        """Why one was put out, and why one was last told to ask again."""
        self.is_hopeless = False
        self._leaving: deque[tuple[float, Seat]] = deque()
        self._shares: list[set[Seat]] = [set() for _ in range(_SHARES)]
        self._stirred: set[Seat] = set()
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._asking = Asking(server)
        self.poller.listen(self._asking.fileno(), self._take_answers)
        self._turn_s = self.now_s
        self._turns = 0
        self._invite()

    def serve(self, seconds: float) -> None:
        """Do what is to be done for so long."""
        until_s = time.monotonic() + seconds
        while self.now_s < until_s:
            if self.poller.wait(min(until_s, self._turn_s) - self.now_s):
                self._set_clock()
                self.poller.serve(self.wall_s)
            self._set_clock()
            if self.now_s >= self._turn_s:
                self._turn_s = self.now_s + _TURN_S
                self._let_time_pass()

    @property
    def not_joined(self) -> int:
        """Who is here and never joined, though there was time."""
        long_ago_s = self.now_s - TIME_TO_JOIN_S
        return sum(
            seat.is_waiting and since_s < long_ago_s
            for seat, since_s in self.here.items()
        )

    def close(self) -> None:
        """Have all leave, and sum up what they have missed."""
        self._agenda.clear()
        self._asking.close()
        self._set_clock()
        for seat in [*self.here]:
            self._part(seat)
        self._sum_up(float("inf"))

    # What a seat and its legs ask for.

    def watch(self, served: Served, connection: Connection) -> None:
        """Serve a connection from now on."""
        self.poller.watch(served, connection, self.wall_s)

    def unwatch(self, connection: Connection) -> None:
        """Serve it no more."""
        self.poller.unwatch(connection)

    def wait_to_send(self, connection: Connection) -> None:
        """Tell it when there is room."""
        self.poller.wait_to_send(connection)

    def note_connect(self) -> None:
        """Take that a connection is begun."""
        self.connects.append(self.wall_s)

    def stir(self, seat: Seat) -> None:
        """Let time pass in short steps for this one."""
        self._stirred.add(seat)

    def register(self, seat: Seat, leg: int) -> None:
        """Ask for a place."""
        self._asking.ask(seat, leg)

    def _take_answers(self) -> None:
        for answer in self._asking.answers():
            match answer.said:
                case Placed() as place:
                    answer.seat.take(answer.leg, place)
                case PutOff() as put_off:
                    self.put_off, self.put_off_for = self.put_off + 1, put_off.reason
                    answer.seat.take(answer.leg, put_off)
                case Unreachable():
                    self.is_hopeless, self.problem = True, str(answer.said)
                case refusal if answer.seat.is_served:
                    # Where it is now it is well, whatever the next place would be.
                    put_off = PutOff(self.now_s, str(refusal))
                    answer.seat.take(answer.leg, put_off)
                case refusal:
                    answer.seat.put_out(str(refusal))

    def _let_time_pass(self) -> None:
        self._turns += 1
        while self._agenda and self._agenda[0][0] <= self.now_s:
            heapq.heappop(self._agenda)[2]()
        for seat in [*self._shares[self._turns % _SHARES], *self._stirred]:
            seat.tick()
            if seat.is_settled:
                self._stirred.discard(seat)
                self._note(seat)
        if self._leaving and self._leaving[0][0] < self.now_s - _SETTLED_AFTER_S:
            self._sum_up(self.now_s - _SETTLED_AFTER_S)

    def _note(self, seat: Seat) -> None:
        """Take what has become of a seat, once."""
        if not seat.is_noted:
            seat.is_noted = True
            if seat.joined_after_s is not None:
                self.joins.append(seat.joined_after_s)
        if seat.problem and not seat.is_out:
            seat.is_out = True
            self.put_out += 1
            self.problem = seat.problem

    def _invite(self) -> None:
        """Have all come, one after the other, within their time."""
        invited = self._invitation
        everybody = invited.clients + invited.viewers
        apart_s = invited.arrive_within_s / max(1, everybody)
        # Viewers come among the clients, not after them.
        kinds = [True] * invited.clients + [False] * invited.viewers
        turns = [*range(everybody)]
        random.shuffle(turns)
        for turn, keeps in zip(turns, kinds, strict=True):
            seat = Seat(self, self._join, keeps=keeps)
            if keeps:
                self.clients.append(seat)
            self._at(self.now_s + turn * apart_s, partial(self._begin, seat))

    def _begin(self, seat: Seat) -> None:
        self.here[seat] = self.now_s
        self._shares[next(self._order) % _SHARES].add(seat)
        self.stir(seat)
        if self._invitation.join_leave and not seat.member.keeps:
            self._have_stay(seat)

    def _have_stay(self, seat: Seat) -> None:
        stays_s = random.uniform(*self._stays_s)  # noqa: S311 - a whim
        self._at(self.now_s + stays_s, partial(self._change, seat))

    def _change(self, seat: Seat) -> None:
        """Have one leave, and another come instead of it.

        Not who still waits for a place: how long that takes would never be known.
        """
        if seat.is_waiting:
            self._have_stay(seat)
            return
        self._part(seat)
        away_s = random.uniform(*STAYS_AWAY_S)  # noqa: S311 - a whim
        another = Seat(self, self._join, keeps=False)
        self._at(self.now_s + away_s, partial(self._begin, another))

    def _part(self, seat: Seat) -> None:
        seat.leave()
        self._note(seat)
        del self.here[seat]
        self._stirred.discard(seat)
        for share in self._shares:
            share.discard(seat)
        self.moves += seat.moves
        self.reconnects += seat.reconnects
        self._leaving.append((self.now_s, seat))

    def _sum_up(self, before_s: float) -> None:
        settled = list[Member]()
        while self._leaving and self._leaving[0][0] < before_s:
            settled.append(self._leaving.popleft()[1].member)
        self.gone += self.book.missed(settled)

    def _at(self, at_s: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (at_s, next(self._order), what))

    def _set_clock(self) -> None:
        self.now_s, self.wall_s = time.monotonic(), time.time()
