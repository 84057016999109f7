"""A connection of the web worker: what comes in on it, and answers without the app."""

import fcntl
import socket
import struct
import termios
from http import HTTPStatus
from typing import Any

import msgspec
from gunicorn.http import errors, get_parser
from gunicorn.http.unreader import Unreader
from gunicorn.workers.gthread import TConn

from compose.web.arrival import Arrival
from compose.web.waiting import Phase
from ingest.intake import BODY_MAX_BYTES
from ingest.refusal import Refusal, Refused

ANSWERS_KEPT_BYTES = 208 * 1024
"""What the kernel keeps for a peer that has not read it; most let us have so much."""

TAKE_WITHIN_S = 5
"""How long a thread waits for a peer to take some of an answer, if that is larger."""

_INT = struct.Struct("i")


class HeadReader(Unreader):  # type: ignore[misc]  # gunicorn has no annotations
    """Gives gunicorn's parser the head that has come, and never waits for more."""

    def __init__(self) -> None:
        super().__init__()
        self.head = b""

    def chunk(self) -> bytes:
        """Return the head, once."""
        if not self.head:
            raise errors.InvalidRequestLine("it does not end where it should")
        head, self.head = self.head, b""
        return head


class Connection(TConn):  # type: ignore[misc]  # gunicorn has no annotations
    """A connection, and the request that is coming in on it."""

    def __init__(
        self,
        cfg: Any,  # noqa: ANN401 - gunicorn's
        sock: socket.socket,
        client: Any,  # noqa: ANN401 - as above
        server: Any,  # noqa: ANN401 - as above
    ) -> None:
        super().__init__(cfg, sock, client, server)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ANSWERS_KEPT_BYTES)
        # The kernel's, since gunicorn resets Python's.
        within = struct.pack("ll", TAKE_WITHIN_S, 0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, within)
        self.data_ready = True  # so gunicorn's thread does not wait for it
        self.reader = HeadReader()
        self.parser = get_parser(cfg, iter(()), client)
        self.parser.unreader = self.reader
        self.arrival = Arrival(BODY_MAX_BYTES)
        self.phase: Phase | None = None
        """None while it is answered, and its answer held."""
        self.held_bytes = 0
        self.body = self.rest = b""
        self.thrown_away_bytes = 0

    def clear(self) -> None:
        """Forget what has come of a request that nobody will answer."""
        self.arrival = Arrival(BODY_MAX_BYTES)
        self.body = self.rest = b""

    def invite(self) -> None:
        """Tell the sender that its body is wanted, if it waits for that."""
        if self.arrival.is_invited:
            send(self.sock, b"HTTP/1.1 100 Continue\r\n\r\n")

    @property
    def unread_bytes(self) -> int:
        """How much of our answers the peer has not taken."""
        kept = fcntl.ioctl(self.sock, termios.TIOCOUTQ, bytes(_INT.size))
        return int(_INT.unpack(kept)[0])

    @property
    def is_post(self) -> bool:
        """Whether the request taken over is a POST."""
        # One empty line before it is passed over by gunicorn's parser.
        return self.reader.head[:7].lstrip(b"\r\n").startswith(b"POST ")

    def take_over(self) -> None:
        """Make what has come the request that is answered now."""
        self.reader.head = self.arrival.head
        self.body, self.rest = self.arrival.split()
        self.arrival = Arrival(BODY_MAX_BYTES)

    def take_body(self) -> bytes:
        """Return the request's body."""
        body, self.body = self.body, b""
        return body

    def take_rest(self) -> bytes:
        """Return what came after the request."""
        rest, self.rest = self.rest, b""
        return rest


def send(sock: socket.socket, data: bytes) -> None:
    """Send what is small to a peer that may be gone, or read nothing."""
    try:
        sock.send(data, socket.MSG_DONTWAIT)
    except OSError:
        return


def refuse(sock: socket.socket, refusal: Refusal, *, keeps: bool = False) -> None:
    """Give an answer that does not come from the app.

    Args:
        sock: Where to.
        refusal: What it says.
        keeps: Whether the connection stays after it.
    """
    refused = Refused(refusal)
    status = HTTPStatus(refusal.status)
    body = msgspec.json.encode(refused.body)
    headers = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "keep-alive" if keeps else "close",
        **refused.headers,
    }
    lines = (f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status.value} {status.phrase}\r\n{''.join(lines)}\r\n"
    send(sock, head.encode() + body)
