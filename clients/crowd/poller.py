"""Thousands of connections, read by one thread when something has come.

It reads a while after something came: a thousand phones have CPUs of their own, and
this one must not take one from who still sends to the others. When a message came is
what the kernel noted at its socket.
"""

import select
import time
from array import array
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
        self._begun: dict[int, float] = {}
        """When connections were begun that no broker has taken yet, by their files."""

        self.reached = array("d")
        """When those were begun that a broker has taken."""
        self.messages = 0
        """How often something was read: of a frame, nearly always, all of it."""

    def listen(self, file: int, read: Callable[[], None]) -> None:
        """Call `read` whenever there is something to read from a file."""
        self._files[file] = read
        self._epoll.register(file, _READ)

    def watch(
        self, served: Served, connection: Connection, begun_s: float = 0.0
    ) -> None:
        """Serve a connection from now on.

        Args:
            served: Whose it is.
            connection: Which.
            begun_s: When it was begun, where that matters to who reads `reached`.
        """
        self._served[connection.fileno()] = served
        self._begun[connection.fileno()] = begun_s
        self._epoll.register(connection.fileno(), _READ | _WRITE)

    def unwatch(self, connection: Connection) -> None:
        """Serve it no more."""
        if self._served.pop(connection.fileno(), None):
            self._epoll.unregister(connection.fileno())
            self._begun.pop(connection.fileno(), None)

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
        if one.writable() or self._served.get(file) is not one:
            return  # or it was broken
        self._epoll.modify(file, _READ)
        if file in self._begun:
            self.reached.append(self._begun.pop(file))
