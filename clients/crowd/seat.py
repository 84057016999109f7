"""One client of a crowd: it belongs to the room's audience as any client does.

When it registers, joins, moves and leaves is decided by `clients.succession`. That is
told of frames only where it matters, as it moves: else nothing but time is spent.
"""

from typing import Protocol

from clients.crowd.book import Book
from clients.crowd.leg import Leg
from clients.crowd.member import Member
from clients.crowd.relayed import Copy
from clients.crowd.roles import Loop, Source
from clients.event import Event, Lost
from clients.steps import (
    Connect,
    Disconnect,
    Evicted,
    Joined,
    NotAdmitted,
    Placed,
    PutOff,
    Register,
)
from clients.succession import Do, Succession
from clients.worker.wire import Join

_RETAINED = 0b0001


class Floor(Loop, Protocol):
    """Where a seat stands."""

    book: Book
    wall_s: float

    def register(self, seat: "Seat", leg: int) -> None:
        """Ask for a place; `Seat.take` is told."""
        ...

    def note_connect(self) -> None:
        """A connection is begun."""
        ...

    def stir(self, seat: "Seat") -> None:
        """Let time pass in short steps for this one: it is about to do something."""
        ...


class Seat:
    """Belongs to the audience from `begin` to `leave`.

    Args:
        hall: Where it stands.
        join: What it asks for.
        keeps: Whether it is noted when it saw which total.
    """

    __slots__ = (
        "_asked_s",
        "_copy",
        "_hall",
        "_is_served",
        "_legs",
        "_spread_s",
        "_succession",
        "is_noted",
        "is_out",
        "is_over",
        "joined_after_s",
        "member",
        "moves",
        "problem",
        "reconnects",
    )

    def __init__(self, hall: Floor, join: Join, *, keeps: bool) -> None:
        self._hall = hall
        self._succession = Succession(join)
        self._legs: dict[int, Leg] = {}
        self._asked_s: float | None = None
        self._is_served = self.is_over = False
        self._copy: Copy | None = None
        self._spread_s: float | None = None
        self.member = Member(keeps)
        self.joined_after_s: float | None = None
        """From registering to the first assignment; None before that."""
        self.moves = self.reconnects = 0
        self.problem = ""
        """Why it was put out."""
        self.is_noted = self.is_out = False
        """For who counts those that came, and those that were put out."""

    @property
    def is_served(self) -> bool:
        """Whether it is joined just now."""
        return self._is_served

    @property
    def is_waiting(self) -> bool:
        """Whether it wants to join, and never was."""
        return self.joined_after_s is None and not self.is_over

    @property
    def is_lost(self) -> bool:
        """Whether it was joined, wants to be, and is not just now."""
        was_joined = self.joined_after_s is not None
        return was_joined and not (self._is_served or self.is_over)

    @property
    def is_settled(self) -> bool:
        """Whether nothing is to be done for it but to let time pass."""
        return self.is_over or (self._is_served and len(self._succession.legs) == 1)

    def tick(self) -> None:
        """Let time pass."""
        for number in self._succession.legs:
            if not self.is_over:
                self._leg(number).tick()

    def take(self, number: int, event: Event | Placed | PutOff) -> None:
        """Learn what happened on a leg, and do what is to be done then."""
        if self.is_over:
            return
        known = self._succession.legs
        try:
            steps = self._succession.take(number, event)
        except (Evicted, NotAdmitted) as refusal:
            self.put_out(str(refusal))
            return
        for step in steps:
            self._follow_step(step)
        if self._succession.legs != known:
            self._legs_changed(known)

    def put_out(self, why: str) -> None:
        """Leave: it is not taken, or not kept, and never will be."""
        self.problem = why
        self.leave()
        self._hall.stir(self)  # who counts those shall see it

    def leave(self) -> None:
        """Take leave for good."""
        self.is_over, self._is_served = True, False
        for leg in self._legs.values():
            leg.leave()
        self._legs.clear()
        self.member.leave(self._hall.wall_s)

    def follows(self, at_s: float) -> None:
        """Be there: frames come from now on."""
        self.member.come(at_s)

    def frame(self, leg: Source, copy: Copy, arrived_s: float, flags: int) -> None:
        """Take a frame."""
        retained = bool(flags & _RETAINED)
        book = self._hall.book
        book.lag_s = max(book.lag_s, self._hall.wall_s - arrived_s)
        book.take(self.member, leg.cluster, copy.sight, arrived_s, retained=retained)
        self._copy = copy
        is_told = not retained and copy.spread_s != self._spread_s
        if is_told:
            self._spread_s = copy.spread_s
        if is_told or len(self._legs) > 1:
            self.take(leg.number, leg.message(copy, retained=retained))

    def lost(self) -> None:
        """Be away, unless another leg brings frames."""
        if not any(one.is_followed for one in self._legs.values()):
            self.member.go(self._hall.wall_s)

    def _follow_step(self, step: Do | Event) -> None:
        match step:
            case Do(leg=number, action=Register()):
                if self._asked_s is None:
                    self._asked_s = self._hall.now_s
                self._hall.register(self, number)
            case Do(leg=number, action=action):
                if isinstance(action, Connect):
                    self._hall.note_connect()
                self._leg(number).carry_out(action)
                if isinstance(action, Disconnect):
                    self._disconnected(number)
            case Joined():
                self._joined(step)
            case Lost():
                self._is_served = False
                self._hall.stir(self)

    def _joined(self, joined: Joined) -> None:
        if self.joined_after_s is None:
            self.joined_after_s = self._hall.now_s - (self._asked_s or 0)
        elif joined.is_move:
            self.moves += 1
        elif not self._is_served:
            self.reconnects += 1
        self._is_served = True
        self._spread_s = None  # as it was told with the place

    def _disconnected(self, number: int) -> None:
        if number not in self._succession.legs:
            self._legs.pop(number, None)
        elif number == min(self._succession.legs):
            self._is_served = False
        self._hall.stir(self)

    def _legs_changed(self, known: tuple[int, ...]) -> None:
        """Tell a seat that begins to move what it has, and do its steps soon."""
        self._hall.stir(self)
        first = self._succession.legs[0]
        if len(self._succession.legs) > len(known) and self._copy:
            leg = self._leg(first)
            self.take(first, leg.message(self._copy, retained=True))
        for number in self._succession.legs:
            self._leg(number)

    def _leg(self, number: int) -> Leg:
        if number not in self._legs:
            self._legs[number] = Leg(number, self, self._hall)
        return self._legs[number]
