"""An answer that is complete and not sent yet: no thread waits until it may be."""

import errno
import socket
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError, Future
from typing import TYPE_CHECKING

from compose.web.connection import Connection
from ingest.hold import HOLD
from ingest.refusal import Refusal, Refused

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class HeldAnswer:
    """Gathers what gunicorn writes for a request, in its connection's place.

    It may be a refusal from the start.

    Attributes:
        conn: Whose request it answers.
        keeps: Whether the connection stays after it.
        until: What it is held for; None: it may be sent at once.
    """

    def __init__(self, conn: Connection, refusal: Refusal | None = None) -> None:
        self.conn = conn
        self.keeps = False
        self.until: Future[None] | None = None
        self._refusal = refusal
        self._data = bytearray()

    def hold(self, until: "Future[None]") -> None:
        """Be sent only when `until` is done; see `HOLD`."""
        self.until = until

    @property
    def problem(self) -> BaseException | None:
        """Why what it was held for did not come true."""
        if self.until is None:
            return None
        return CancelledError() if self.until.cancelled() else self.until.exception()

    @property
    def refusal(self) -> Refusal | None:
        """What is said instead of it."""
        problem = self.problem
        if problem is None:
            return self._refusal
        if isinstance(problem, Refused) and isinstance(problem.refusal, Refusal):
            return problem.refusal
        return Refusal.INTERNAL

    def deliver(self) -> bool:
        """Send it without waiting; tell whether the kernel took all of it."""
        try:
            sent: int = self.conn.sock.send(self._data, socket.MSG_DONTWAIT)
        except OSError:
            return False
        return sent == len(self._data)

    # What gunicorn and `compose.web.connection` do with a connection's socket.

    def sendall(self, data: bytes) -> None:
        """Add to the answer."""
        self._data += data

    def send(self, data: bytes, _flags: int = 0) -> int:
        """Add to the answer; say how much."""
        self._data += data
        return len(data)

    def setblocking(self, flag: bool) -> None:  # noqa: FBT001 - as a socket's
        """Do nothing: it never blocks."""

    def shutdown(self, _how: int) -> None:
        """Refuse: the connection stays open until what was gathered is sent.

        Raises:
            OSError: Always; gunicorn then closes at once, which does nothing here.
        """
        raise OSError(errno.ENOTCONN, "its answer was not sent yet")

    def close(self) -> None:
        """Do nothing: the gate closes it."""


def holdable(app: "WSGIApplication") -> "WSGIApplication":
    """Return the app, told of each request whose answer can be held."""

    def call(
        environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        answer = environ["gunicorn.socket"]
        if isinstance(answer, HeldAnswer):
            environ[HOLD] = answer.hold
        return app(environ, start_response)

    return call


def gathered(conn: Connection, handle: Callable[[Connection], bool]) -> HeldAnswer:
    """Return the answer of the request that `conn` has, from who handles it."""
    answer, sock = HeldAnswer(conn), conn.sock
    conn.sock = answer
    try:
        answer.keeps = handle(conn)
    finally:
        conn.sock = sock
    return answer
