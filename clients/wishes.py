"""What other threads want a connection to follow: wished here, carried out there."""

import socket
import threading
from collections import deque
from contextlib import suppress

from clients.parcel import Following


class Wishes:
    """Takes wishes from any thread, and wakes the one that carries them out."""

    def __init__(self) -> None:
        self._wishing = threading.Lock()
        self._waiting: deque[tuple[int, str, Following | None]] = deque()
        self._wished = self._taken = 0
        self._bell, self._door = socket.socketpair()
        for end in (self._bell, self._door):
            end.setblocking(False)  # noqa: FBT003 - as the library has it

    @property
    def taken(self) -> int:
        """The number of the newest wish that was taken."""
        return self._taken

    def fileno(self) -> int:
        """Return the file that can be read when there is a wish."""
        return self._door.fileno()

    def add(self, topic: str, how: Following | None) -> int:
        """Wish for a topic to be followed like this, or no more; return its number."""
        with self._wishing:
            number = self._wished = self._wished + 1
            self._waiting.append((number, topic, how))
        with suppress(BlockingIOError):  # it rings already
            self._bell.send(b"!")
        return number

    def take(self) -> dict[str, Following | None]:
        """Return what was wished meanwhile; of a topic, the last wish counts."""
        # First: a wish that comes after this rings again.
        with suppress(BlockingIOError):
            self._door.recv(4096)
        wishes: dict[str, Following | None] = {}
        while self._waiting:
            self._taken, topic, how = self._waiting.popleft()
            wishes[topic] = how
        return wishes

    def close(self) -> None:
        """Give the files back."""
        self._bell.close()
        self._door.close()
