"""Asks the ledger what became of a crowd's reactions.

It says how much a room's books have grown; that is the crowd's where nobody else
reacts.
"""

import time
from collections.abc import Callable
from typing import Protocol

from clients.crowd.witnessed import Witnessed, grown
from clients.ledger import LedgerUnavailable, NoLedgerYet
from clients.server import Unreachable
from stream.auditor.ledger import Line, Overview, RoomLedger

AGREES_WITHIN_S = 10.0
"""The auditor writes its books once a second."""

_NOTHING = Line(minute_ms=None)


class Books(Protocol):
    """Where the ledger is read; `clients.ledger.LedgerReader` asks a server."""

    def room(self, room: str, minutes: int) -> RoomLedger:
        """Return a room's ledger.

        Raises:
            NoLedgerYet: If nothing is known of the room.
            LedgerUnavailable: If none can be read now.
            Unreachable: If nobody answers.
        """
        ...

    def overview(self) -> Overview:
        """Return the ledger of all rooms.

        Raises:
            LedgerUnavailable: If none can be read now.
            Unreachable: If nobody answers.
        """
        ...

    def close(self) -> None:
        """Ask no more."""
        ...


class Witness:
    """Reads one room's ledger, before and after.

    Args:
        books: Where.
        room: Which room.
    """

    def __init__(self, books: Books, room: str) -> None:
        self.seen: Witnessed | None = None
        """What it said last; None before it was asked."""
        self._books, self._room = books, room
        self._since_ms, self._before = 0, _NOTHING
        self._problem = ""

    def begin(self) -> None:
        """Take what is in the books before anything is sent."""
        try:
            all_rooms = self._books.overview()
            self._since_ms = all_rooms.since_ms
            if all_rooms.since_ms > all_rooms.as_of_ms:
                self._problem = "The books have not begun yet."
            self._before = self._books.room(self._room, minutes=1).sum
        except NoLedgerYet:
            pass  # nobody has ever reacted
        except (LedgerUnavailable, Unreachable) as error:
            self._problem = str(error)

    def look_until_it_agrees(
        self,
        accepted: int,
        unknown: int,
        pause: Callable[[], bool],
        within_s: float = AGREES_WITHIN_S,
    ) -> None:
        """Take what is in the books now, or soon.

        Args:
            accepted: Reactions in batches that were answered 202.
            unknown: Reactions in batches without a certain answer.
            pause: Waits between two looks; returns whether to go on.
            within_s: How long it looks.
        """
        until_s = time.monotonic() + within_s
        while True:
            self.seen = self._look()
            is_known = self._problem or self.seen.agrees(accepted, unknown)
            if is_known or time.monotonic() > until_s or not pause():
                return

    def close(self) -> None:
        """Ask no more."""
        self._books.close()

    def _look(self) -> Witnessed:
        if self._problem:
            return Witnessed(problem=self._problem)
        try:
            ledger = self._books.room(self._room, minutes=1)
        except NoLedgerYet:
            return Witnessed()
        except (LedgerUnavailable, Unreachable) as error:
            return Witnessed(problem=str(error))
        if ledger.since_ms != self._since_ms:
            return Witnessed(problem="The books were begun anew meanwhile.")
        return grown(self._before, ledger.sum)
