"""What a crowd learns from the ledger, and when that contradicts its own book."""

from collections import deque

import pytest
from msgspec.structs import replace

from clients.crowd.witness import Witness
from clients.crowd.witnessed import Witnessed
from clients.ledger import LedgerUnavailable, NoLedgerYet
from clients.server import Unreachable
from stream.auditor.ledger import Line, Overview, RoomLedger
from tests.ledgers import ledger, overview

EMPTY = Line(minute_ms=None)


class Books:
    """Says one thing after the other, and the last for ever."""

    def __init__(self, *rooms: RoomLedger | Exception) -> None:
        self.rooms = deque(rooms)
        self.all_rooms: Overview | Exception = overview()
        self.is_closed = False

    def room(self, room: str, minutes: int) -> RoomLedger:
        assert (room, minutes) == ("final", 1)
        said = self.rooms.popleft() if len(self.rooms) > 1 else self.rooms[0]
        if isinstance(said, Exception):
            raise said
        return said

    def overview(self) -> Overview:
        if isinstance(self.all_rooms, Exception):
            raise self.all_rooms
        return self.all_rooms

    def close(self) -> None:
        self.is_closed = True


class Pauses:
    """Counts them, and allows so many."""

    def __init__(self, most: int = 3) -> None:
        self.left = most

    def __call__(self) -> bool:
        self.left -= 1
        return self.left > 0


def room(stored: int, repeated: int, counted: int, *, since_ms: int = 0) -> RoomLedger:
    sum_ = replace(
        EMPTY,
        stored=stored,
        repeated=repeated,
        counted=counted,
        difference=stored - repeated - counted,
    )
    return replace(ledger("final"), sum=sum_, since_ms=since_ms)


def witnessed(books: Books, pauses: Pauses | None = None) -> Witnessed:
    """Return what is seen of a hundred accepted reactions and ten unknown ones."""
    witness = Witness(books, "final")
    witness.begin()
    witness.look_until_it_agrees(100, 10, pauses or Pauses())
    assert witness.seen
    return witness.seen


def test_it_says_by_how_much_the_books_have_grown() -> None:
    found = witnessed(Books(room(50, 5, 45), room(170, 25, 145)))

    assert found == Witnessed(stored=120, repeated=20, counted=100, difference=0)
    assert found.once == 100


def test_in_a_room_where_nobody_ever_reacted_all_is_new() -> None:
    found = witnessed(Books(NoLedgerYet("Nobody."), room(100, 0, 100)))

    assert (found.stored, found.counted) == (100, 100)


def test_it_looks_again_until_all_is_counted() -> None:
    pauses = Pauses()
    books = Books(room(0, 0, 0), room(60, 0, 20), room(100, 0, 60), room(100, 0, 100))

    assert witnessed(books, pauses).counted == 100
    assert pauses.left == 1


def test_it_looks_no_longer_than_it_may() -> None:
    pauses = Pauses(2)

    assert witnessed(Books(room(0, 0, 0), room(100, 0, 99)), pauses).counted == 99
    assert pauses.left == 0


@pytest.mark.parametrize(
    "error", [LedgerUnavailable("It is away."), Unreachable("It is away.")]
)
def test_without_a_ledger_nothing_is_known_and_nobody_is_asked_again(
    error: Exception,
) -> None:
    books, pauses = Books(room(0, 0, 0)), Pauses()
    books.all_rooms = error

    assert witnessed(books, pauses) == Witnessed(problem="It is away.")
    assert pauses.left == 3


def test_books_that_begin_later_say_nothing() -> None:
    books = Books(NoLedgerYet("Nobody."))
    books.all_rooms = replace(overview(), since_ms=overview().as_of_ms + 1)

    assert witnessed(books).problem == "The books have not begun yet."


def test_books_that_were_begun_anew_say_nothing() -> None:
    found = witnessed(Books(room(0, 0, 0), room(100, 0, 100, since_ms=60_000)))

    assert found.problem == "The books were begun anew meanwhile."


@pytest.mark.parametrize(
    ("seen", "agrees"),
    [
        (Witnessed(stored=100, counted=100), True),
        (Witnessed(stored=130, repeated=20, counted=110), True),
        (Witnessed(stored=99, counted=99), False),
        (Witnessed(stored=111, counted=111), False),
        (Witnessed(stored=110, counted=105), True),
        (Witnessed(stored=100, counted=99), False),
        (Witnessed(stored=100, counted=111), False),
        (Witnessed(stored=105, counted=104, difference=1), False),
        (Witnessed(stored=99, counted=100), False),
        (Witnessed(stored=111, counted=110), False),
    ],
)
def test_it_agrees_where_both_books_hold_the_promise(
    seen: Witnessed, *, agrees: bool
) -> None:
    assert seen.agrees(100, 10) is agrees
    assert (not [*seen.contradictions(100, 10)]) is agrees


def test_a_contradiction_names_all_figures() -> None:
    seen = Witnessed(stored=120, repeated=20, counted=99, difference=1)

    [said] = seen.contradictions(100, 0)
    assert said == (
        "the ledger says otherwise: 100 reactions stored once, 99 counted, a difference"
        " of 1; 100 were accepted"
    )


def test_what_is_not_known_contradicts_nothing() -> None:
    assert [*Witnessed(problem="It is away.").contradictions(100, 0)] == []
