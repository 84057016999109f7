"""Asks the server for places in threads, so that nobody else waits for its answers."""

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from clients.crowd.seat import Seat
from clients.server import Unreachable
from clients.steps import NotAdmitted, Placed, PutOff

_AT_A_TIME = 8
_READ_BYTES = 4096


class Server(Protocol):
    """Who gives places; called by several threads."""

    def ask(self) -> Placed | PutOff:
        """Ask once."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said to a seat's leg."""

    seat: Seat
    leg: int
    said: Placed | PutOff | NotAdmitted | Unreachable


class Asking:
    """Has something to read when there are answers.

    Args:
        server: Who is asked.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._answers: deque[Answer] = deque()
        self._bell, self._rope = os.pipe()
        os.set_blocking(self._rope, False)
        self._threads = ThreadPoolExecutor(_AT_A_TIME)

    def fileno(self) -> int:
        """Return what can be read from when there are answers."""
        return self._bell

    def ask(self, seat: Seat, leg: int) -> None:
        """Ask for a place."""
        self._threads.submit(self._ask, seat, leg)

    def answers(self) -> Iterator[Answer]:
        """Yield what there is."""
        os.read(self._bell, _READ_BYTES)
        while self._answers:
            yield self._answers.popleft()

    def close(self) -> None:
        """Ask nothing more; answers are not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _ask(self, seat: Seat, leg: int) -> None:
        said: Placed | PutOff | NotAdmitted | Unreachable
        try:
            said = self._server.ask()
        except (NotAdmitted, Unreachable) as error:
            said = error
        except Exception as error:  # noqa: BLE001 - else its seat would wait for ever
            said = NotAdmitted("not_understood", repr(error))
        self._answers.append(Answer(seat, leg, said))
        try:
            os.write(self._rope, b"!")
        except BlockingIOError:
            return  # it has been rung often enough
