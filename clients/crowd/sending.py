"""A batch on its way: sent, repeated under its key until answered, and booked.

Also the form in which the sender's process hands its book back.
"""

import random
from collections.abc import Callable
from typing import Literal, Protocol

import msgspec

ACCEPTED = 202
REPEAT_FOR_S = 40
"""After the first try: the system knows a repeated batch for at least 60 s."""

_REPEATABLE = {408, 429, 500, 502, 503, 504}
_OF_THE_SERVER = 500
_NOT_STORED = b'"not_stored"'
_PAUSE_S = 1.0

Outcome = Literal["accepted", "refused", "unknown"]


class Sent(msgspec.Struct, array_like=True, frozen=True):
    """What became of one POST; times in seconds since the run's start."""

    room: str
    reactions: int
    due_s: float
    ready_s: float
    """When the sender came to send it: what is late up to here is its own fault."""

    sent_s: float
    """When the first try had a connection: this long the system held it back."""

    answered_s: float
    """The last answer there was, or when it was given up."""

    first: str
    """The first answer's status; `none` if there was none."""

    outcome: Outcome
    tries: int = 1
    """With more than one it was repeated, under its key."""

    who: int = -1
    """The number of the client whose it is, where that matters."""


class Sendings(msgspec.Struct, frozen=True, tag="book"):
    """The sender's whole book."""

    started_s: float
    """Seconds since the epoch."""

    sent: tuple[Sent, ...]
    lines: int
    """Connections, at most."""

    went_first: bool
    """Whether the sender had a priority above everything else's."""

    cpu_share: float = 0.0
    """CPU time by wall time, from the first POST to the last answer."""


class Desk(Protocol):
    """Where a batch finds time and a connection."""

    def now_s(self) -> float:
        """Return the seconds since the run's start."""
        ...

    def post(self, batch: "Batch") -> None:
        """Send it as soon as a connection is free."""
        ...

    def post_later(self, pause_s: float, batch: "Batch") -> None:
        """Send it after a pause."""
        ...


class Batch:
    """One POST with all its tries."""

    def __init__(  # noqa: PLR0913 - each is one thing to know
        self,
        *,
        room: str,
        reactions: int,
        due_s: float,
        request: bytes,
        desk: Desk,
        done: Callable[[Sent], None],
        who: int = -1,
    ) -> None:
        self.request = request
        self._who, self._tries = who, 0
        self._is_booked = False
        self._room, self._reactions, self._due_s = room, reactions, due_s
        self._desk, self._done = desk, done
        self._ready_s = desk.now_s()
        self._sent_s: float | None = None
        self._first: str | None = None
        self._may_be_stored = False
        self._answers = 0

    def sent(self) -> None:
        """Note when the first try went out."""
        self._tries += 1
        if self._sent_s is None:
            self._sent_s = self._desk.now_s()

    def answered(self, status: int, body: bytes, after_s: float = 0) -> None:
        """Book it, or try again, not before the server wants to be asked."""
        if self._is_booked:
            return
        self._answers += 1
        self._first = self._first or str(status)
        if status == ACCEPTED:
            self._book("accepted")
        elif status in _REPEATABLE:
            self._may_be_stored |= status >= _OF_THE_SERVER and _NOT_STORED not in body
            self._repeat(after_s)
        else:
            self._book("refused")

    def unanswered(self) -> None:
        """Try again."""
        self._first = self._first or "none"
        # What never had a connection is nowhere: to find nobody stores nothing.
        self._may_be_stored |= self._tries > 0
        self._repeat()

    def give_up(self) -> None:
        """Wait for no answer any more, and do not repeat it."""
        self._book("unknown" if self._may_be_stored or self._is_open else "refused")

    @property
    def _is_open(self) -> bool:
        return self._tries > self._answers

    def _repeat(self, after_s: float = 0) -> None:
        if self._is_booked:
            return
        first_try_s = self._ready_s if self._sent_s is None else self._sent_s
        pause_s = after_s + random.uniform(0, 2 * _PAUSE_S)  # noqa: S311 - jitter
        if self._desk.now_s() + pause_s > first_try_s + REPEAT_FOR_S:
            self._book("unknown" if self._may_be_stored else "refused")
        else:
            self._desk.post_later(pause_s, self)

    def _book(self, outcome: Outcome) -> None:
        if self._is_booked:
            return
        self._is_booked = True
        now_s = self._desk.now_s()
        sent_s = now_s if self._sent_s is None else self._sent_s
        done = self._done
        del self._done  # it may hold this batch: a ring, which nobody collects here
        done(
            Sent(
                self._room,
                self._reactions,
                self._due_s,
                self._ready_s,
                sent_s,
                now_s,
                self._first or "none",
                outcome,
                self._tries,
                self._who,
            )
        )
