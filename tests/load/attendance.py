"""What registered clients got of their rooms, and what that says. Pure.

It is booked as a crowd's is, afterwards, when it is known what was measured. Times are
in seconds since the epoch, those that a message carries in whole milliseconds: a hop
can come out up to one too long or too short.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from clients.crowd.book import Book, Sight
from clients.crowd.member import UNDER_WAY_S, Missed
from clients.crowd.member import Member as Booked
from stream.frame import Position
from tests.load.case_run import Audience
from tests.load.matching import Sighting

_ALWAYS_S = float("-inf")


class Member(msgspec.Struct, array_like=True, frozen=True):
    """A registered client and what it got, in the order it came."""

    cluster: str
    room: str
    got: tuple[Sighting, ...]


def missed(members: Sequence[Member], until_s: float) -> Mapping[str, tuple[int, int]]:
    """Return room → frames missed, and by how many members, where there are such.

    A frame that one member got is missed by each other one of its room that did not.

    Args:
        members: Who was there before the first frame and after the last.
        until_s: What comes to nobody before this is left out: it may be under way.
    """
    found = {
        room: _missed(of_room, until_s) for room, of_room in _by_room(members).items()
    }
    return {
        room: (one.frames, one.missed_by) for room, one in found.items() if one.frames
    }


def figures(
    members: Sequence[Member], *, from_s: float, until_s: float
) -> Audience | None:
    """Return how frames came to a room's members; None where there are none.

    Args:
        members: Of one room.
        from_s: Frames that came to somebody before this are left out.
        until_s: Those that came to nobody before this, too.
    """
    if not members:
        return None
    begun_s = _begun_s(members)
    book = Book()
    _booked(book, members, lambda frame: from_s <= begun_s[frame] < until_s)
    return Audience(
        members=len(members),
        clusters=len({member.cluster for member in members}),
        frames=book.frames,
        missed=_missed(members, until_s).frames,
        relay=book.relay.latency(),
        spread=book.spread(),
        arrivals=book.arrivals(),
    )


def _missed(of_room: Sequence[Member], until_s: float) -> Missed:
    book = Book()
    booked = _booked(book, of_room, lambda _: True)
    for one in booked:
        one.leave(until_s + UNDER_WAY_S)
    return book.missed(booked)


def _booked(
    book: Book, members: Iterable[Member], is_wanted: Callable[[Position], bool]
) -> list[Booked]:
    """Enter what members of one room got; all of them were there all the time."""
    return [_entered(book, member, is_wanted) for member in members]


def _entered(
    book: Book, member: Member, is_wanted: Callable[[Position], bool]
) -> Booked:
    made = Booked()
    made.come(_ALWAYS_S)
    for one in member.got:
        if is_wanted(one.position):
            number = book.number(one.position, one.made_s)
            sight = Sight(number, one.total, one.worker_s or 0)
            book.take(made, member.cluster, sight, one.arrived_s, retained=False)
    return made


def _begun_s(members: Iterable[Member]) -> Mapping[Position, float]:
    """Return when each frame came to its first member, of whichever cluster."""
    begun_s: dict[Position, float] = {}
    for member in members:
        for one in member.got:
            first_s = begun_s.get(one.position, one.arrived_s)
            begun_s[one.position] = min(first_s, one.arrived_s)
    return begun_s


def _by_room(members: Iterable[Member]) -> Mapping[str, list[Member]]:
    rooms: defaultdict[str, list[Member]] = defaultdict(list)
    for member in members:
        rooms[member.room].append(member)
    return rooms
