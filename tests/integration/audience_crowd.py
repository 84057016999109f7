"""Many connections to brokers, turned by the thread of their test."""

import fcntl
import selectors
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from clients.event import Tick
from tests.integration import audience_wire as wire
from tests.integration.processes import LOOPBACK

WITHIN_S = 30.0
_TICK_S = 0.1
_TURN_S = 0.02
_READ_BYTES = 1 << 20
_FIRST_FILE = 1024
"""Those before are left to paho's loop, which takes no others."""


class Turned(Protocol):
    """Somebody who has connections in a crowd."""

    def take(self, event: Tick) -> None:
        """Do what is due."""
        ...

    def cut(self) -> None:
        """End without a word."""
        ...


class Connection:
    """A socket that carries packets."""

    def __init__(self, port: int, hello: bytes) -> None:
        with socket.create_connection((LOOPBACK, port), WITHIN_S) as made:
            file = fcntl.fcntl(made.fileno(), fcntl.F_DUPFD_CLOEXEC, _FIRST_FILE)
        self.socket = socket.socket(fileno=file)
        self.socket.settimeout(WITHIN_S)
        self._received = bytearray()
        self.send(hello)

    def fileno(self) -> int:
        return self.socket.fileno()

    def send(self, packet: bytes) -> None:
        """Send; whether the other end is there is known when it is read."""
        with suppress(OSError):
            self.socket.sendall(packet)

    def receive(self) -> list[wire.Packet]:
        """Return what has come, waiting for the first of it.

        Raises:
            OSError: If the other end is gone.
        """
        more = self.socket.recv(_READ_BYTES)
        if not more:
            raise ConnectionResetError("the broker hung up")
        self._received += more
        return [*wire.split(self._received)]


class Crowd:
    """Serves many connections, one after the other."""

    def __init__(self) -> None:
        self._turned: list[Turned] = []
        self._ready = selectors.DefaultSelector()
        self._served: dict[Connection, Callable[[], None]] = {}
        self._tick_s = 0.0

    def add(self, one: Turned) -> None:
        """Let time pass for somebody, too."""
        self._turned.append(one)

    def watch(self, connection: Connection, serve: Callable[[], None]) -> None:
        """Call `serve` whenever something has come."""
        self._served[connection] = serve
        self._ready.register(connection, selectors.EVENT_READ, connection)

    def unwatch(self, connection: Connection) -> None:
        """Leave a connection alone."""
        if self._served.pop(connection, None):
            self._ready.unregister(connection)

    def turn(self, longest_s: float = _TURN_S) -> None:
        """Receive what has come, or wait a moment for it."""
        for key, _ in self._ready.select(longest_s):
            if serve := self._served.get(key.data):
                serve()
        now_s = time.monotonic()
        if now_s >= self._tick_s:
            self._tick_s = now_s + _TICK_S
            for one in self._turned:
                one.take(Tick(now_s))

    def turn_for(self, seconds: float) -> None:
        """Receive for so long."""
        until_s = time.monotonic() + seconds
        while (left_s := until_s - time.monotonic()) > 0:
            self.turn(min(left_s, _TURN_S))

    def turn_until(
        self, done: Callable[[], bool], what: str, within_s: float = WITHIN_S
    ) -> None:
        """Receive until `done()`."""
        deadline = time.monotonic() + within_s
        while not done():
            self.turn()
            assert time.monotonic() < deadline, f"no {what} in {within_s:.0f} s"

    def close(self) -> None:
        """End every connection without a word."""
        for one in self._turned:
            one.cut()
        for connection in [*self._served]:
            self.unwatch(connection)
            connection.socket.close()
        self._ready.close()


@contextmanager
def crowd() -> Iterator[Crowd]:
    """Have a crowd for a while."""
    made = Crowd()
    try:
        yield made
    finally:
        made.close()
