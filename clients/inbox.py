"""Hands things from one thread to another, in order; the oldest go if too many wait."""

import threading
from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Inbox(Generic[T]):
    """Holds at most so many things; to be taken by one thread at a time."""

    def __init__(self, waiting_max: int) -> None:
        self._things: deque[T] = deque(maxlen=waiting_max)
        self._changed = threading.Condition()
        self._is_closed = False
        self._error: Exception | None = None

    def put(self, thing: T) -> None:
        """Add one, unless it is closed."""
        with self._changed:
            if not self._is_closed:
                self._things.append(thing)
            self._changed.notify()

    def close(self, error: Exception | None = None) -> None:
        """Let who takes know that nothing more comes, and why."""
        with self._changed:
            self._error = self._error if self._is_closed else error
            self._is_closed = True
            self._changed.notify_all()

    def drop(self) -> None:
        """Close it, and forget what waits."""
        self.close()
        with self._changed:
            self._things.clear()

    def things(self) -> Iterator[T]:
        """Yield what comes, until it is closed.

        Raises:
            Exception: That which it was closed with.
        """
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._things or self._is_closed)
                if not self._things:
                    break
                thing = self._things.popleft()
            yield thing
        if self._error:
            raise self._error
