"""A connection to a broker that never waits: bytes out, packets and their times in."""

import socket
import struct
from collections.abc import Sequence
from errno import EINPROGRESS
from functools import lru_cache

from clients.worker.wire import BrokerAddress

_RECEIVE_BYTES = 16384
_SO_TIMESTAMPNS = 35
"""Of asm-generic; Python does not name it."""

_TIMESPEC = struct.Struct("qq")
_TOLD_BYTES = socket.CMSG_SPACE(_TIMESPEC.size)

_Address = tuple[socket.AddressFamily, tuple[str, int]]


class Gone(Exception):
    """The other end has hung up, or there is none; the text says it."""


class Connection:
    """One socket; its owner asks for what has come.

    Args:
        broker: Where.
        hello: What is sent first.

    Raises:
        Gone: If that cannot even be tried.
    """

    __slots__ = ("_socket", "_unsent", "receive_raw")

    def __init__(self, broker: BrokerAddress, hello: bytes) -> None:
        try:
            family, place = _resolved(broker.host, broker.port)
            self._socket = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:
            raise Gone(error.strerror or str(error)) from error
        self._socket.setblocking(False)  # noqa: FBT003 - socket's own way
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._unsent = bytearray(hello)
        self.receive_raw = self._socket.recvmsg
        code = self._socket.connect_ex(place)
        if code not in {0, EINPROGRESS}:
            self._socket.close()
            raise Gone(f"error {code}")

    def fileno(self) -> int:
        """Return the number of its file."""
        return self._socket.fileno()

    @property
    def has_unsent(self) -> bool:
        """Whether it waits until more can be sent."""
        return bool(self._unsent)

    def send(self, packet: bytes) -> None:
        """Send, now or as soon as there is room.

        Raises:
            Gone: If nobody is there.
        """
        self._unsent += packet
        self.flush()

    def flush(self) -> None:
        """Send what there is room for.

        Raises:
            Gone: If nobody is there.
        """
        try:
            while self._unsent:
                del self._unsent[: self._socket.send(self._unsent)]
        except BlockingIOError:
            pass
        except OSError as error:
            raise Gone(error.strerror or str(error)) from error

    def receive(self) -> tuple[bytes, float | None]:
        """Return what has come, and when; nothing if there is nothing.

        Raises:
            Gone: If the other end has hung up.
        """
        try:
            data, told, _, _ = self.receive_raw(_RECEIVE_BYTES, _TOLD_BYTES)
        except BlockingIOError:
            return b"", None
        except OSError as error:
            raise Gone(error.strerror or str(error)) from error
        if not data:
            raise Gone("the broker closed the connection")
        return data, _arrived_s(told)

    def close(self) -> None:
        """End it."""
        self._socket.close()


@lru_cache
def _resolved(host: str, port: int) -> _Address:
    family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    return family, (str(place[0]), int(place[1]))


def _arrived_s(told: Sequence[tuple[int, int, bytes]]) -> float | None:
    """Return when the last byte came, in seconds since the epoch."""
    for level, kind, raw in told:
        if kind == _SO_TIMESTAMPNS and level == socket.SOL_SOCKET:
            seconds, nanoseconds = _TIMESPEC.unpack(raw)
            return float(seconds + nanoseconds * 1e-9)
    return None
