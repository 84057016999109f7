"""Thousands of connections, read by one thread when something has come.

It reads a while after something came: a thousand phones have CPUs of their own, and
this one must not take one from who still sends to the others. When a message came is
what the kernel noted at its socket.
"""

import select
import time
from collections.abc import Callable

from clients.crowd.connection import Connection
from clients.crowd.roles import Served

LINGER_S = 0.004
"""From the first message of many until they are read."""

_READ, _WRITE = select.EPOLLIN, select.EPOLLOUT


class Poller:
    """Tells them when there is something to read, or room to send."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._served: dict[int, Served] = {}
        self._files: dict[int, Callable[[], None]] = {}
        self.messages = 0
        """How often something was read: of a frame, nearly always, all of it."""

    def listen(self, file: int, read: Callable[[], None]) -> None:
        """Call `read` whenever there is something to read from a file."""
        self._files[file] = read
        self._epoll.register(file, _READ)

    def watch(self, served: Served, connection: Connection) -> None:
        """Serve a connection from now on."""
        self._served[connection.fileno()] = served
        self._epoll.register(connection.fileno(), _READ | _WRITE)

    def unwatch(self, connection: Connection) -> None:
        """Serve it no more."""
        if self._served.pop(connection.fileno(), None):
            self._epoll.unregister(connection.fileno())

    def wait_to_send(self, connection: Connection) -> None:
        """Tell it when there is room."""
        self._epoll.modify(connection.fileno(), _READ | _WRITE)

    def wait(self, longest_s: float) -> bool:
        """Wait until something has come, and a little more; return whether it has."""
        if not self._epoll.poll(max(0.0, longest_s), 1):
            return False
        time.sleep(LINGER_S)
        return True

    def serve(self, wall_s: float) -> None:
        """Read what has come.

        Args:
            wall_s: What the clock on the wall shows, where the kernel says nothing.
        """
        known = self._served
        for file, events in self._epoll.poll(0):
            one = known.get(file)
            if one is None:
                self._read_file(file)
                continue
            if events & _WRITE:
                self._send_rest(file, one)
            if events & ~_WRITE:
                self.messages += 1
                one.receive(wall_s)

    def _read_file(self, file: int) -> None:
        if read := self._files.get(file):
            read()

    def _send_rest(self, file: int, one: Served) -> None:
        if not one.writable() and self._served.get(file) is one:
            self._epoll.modify(file, _READ)
