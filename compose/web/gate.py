"""Watches the connections of a web worker that no thread has.

It gathers each request and hands it over when it is whole, so that a thread never
waits for a sender. What a connection waits for has a deadline that no byte extends,
and the bodies that come in have a size together. Only one thread may call it.
"""

import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from selectors import EVENT_READ, BaseSelector
from typing import Protocol

from compose.web.connection import Connection
from compose.web.waiting import Phase, Waiting
from ingest.refusal import Refusal

KEEP_ALIVE_S = 15
"""How long an idle connection stays; senders post about once a second."""

LEAVE_WITHIN_S = 2.0
"""How long a peer has to close, too; cut at once, it might not get our answer."""

UNREAD_MAX_BYTES = 64 * 1024
"""Who asks again with more unread answers than that gets none; it and one more of
ours fit into what the kernel keeps."""

PIECE_BYTES = 64 * 1024
"""What is read at a time, at most."""

LEAVING_MAX_BYTES = 1024 * 1024
"""What is read, and thrown away, of a peer that is to close."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a worker bears.

    `head_s` and `body_s` are how long they may take to come; `bodies_max_bytes` is of
    all bodies together that come in or are worked on.
    """

    head_s: float
    body_s: float
    bodies_max_bytes: int


class Host(Protocol):
    """Whose gate it is."""

    def hand_over(self, conn: Connection) -> None:
        """Answer the request that is whole; `watch` or `leave` takes it back."""
        ...

    def tell(self, sock: socket.socket, refusal: Refusal) -> None:
        """Refuse a request, without waiting for its sender."""
        ...

    def forget(self, conn: Connection) -> None:
        """Know that a connection is closed."""
        ...


class Gate:
    """The connections that wait for their peers.

    Args:
        poller: Its callbacks, of one argument, are called by who owns it.
        limits: What is borne.
        host: Gets the requests.
        clock: Seconds that only go forward.
    """

    def __init__(
        self,
        poller: BaseSelector,
        limits: Limits,
        host: Host,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._poller, self._host = poller, host
        self._bodies_free_bytes = limits.bodies_max_bytes
        within_s = {
            Phase.IDLE: KEEP_ALIVE_S,
            Phase.HEAD: limits.head_s,
            Phase.BODY: limits.body_s,
            Phase.LEAVING: LEAVE_WITHIN_S,
        }
        self._waiting: Waiting[Connection] = Waiting(within_s, clock)

    @property
    def idle(self) -> Mapping[Connection, float]:
        """The connections on which nothing of a request has come."""
        return self._waiting.of(Phase.IDLE)

    def watch(self, conn: Connection) -> None:
        """Take a connection that is new, or whose request has been answered."""
        self.release_body(conn)
        self._wait(conn, Phase.IDLE)
        if rest := conn.take_rest():
            self._arrive(conn, rest)

    def leave(self, conn: Connection) -> None:
        """Send no more, and wait until the peer has what was sent."""
        self.release_body(conn)
        conn.clear()
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(conn)  # the peer is gone
        else:
            self._wait(conn, Phase.LEAVING)

    def release_body(self, conn: Connection) -> None:
        """Give back the place of a body that nobody needs any more."""
        self._bodies_free_bytes += conn.held_bytes
        conn.held_bytes = 0

    def cut_late(self) -> None:
        """End the connections whose time is over."""
        for conn, phase in self._waiting.late():
            if phase in {Phase.HEAD, Phase.BODY}:
                self._refuse(conn, Refusal.TOO_SLOW)
            else:
                self._drop(conn)

    def make_room(self) -> None:
        """End one connection: one that leaves, or else the oldest in the fullest phase.

        So a flood ends itself, whatever it consists of, and not who came last.
        """
        fullest = self._waiting.fullest(Phase.HEAD, Phase.IDLE, Phase.BODY)
        conn = self._waiting.oldest(Phase.LEAVING, fullest)
        if conn is None:
            return
        if conn.phase is Phase.BODY:
            self._host.tell(conn.sock, Refusal.OVERLOADED)
        self._drop(conn)

    def drop_unasked(self) -> None:
        """End the connections that have not asked for anything yet."""
        for phase in (Phase.IDLE, Phase.HEAD):
            for conn in [*self._waiting.of(phase)]:
                self._drop(conn)

    def _wait(self, conn: Connection, phase: Phase) -> None:
        if conn.phase is None:
            watch = partial(self._read, conn)
            self._poller.register(conn.sock, EVENT_READ, watch)
        else:
            self._waiting.take(conn, conn.phase)
        conn.phase = phase
        self._waiting.put(conn, phase)

    def _end_wait(self, conn: Connection) -> None:
        if conn.phase is not None:
            self._waiting.take(conn, conn.phase)
            conn.phase = None
            self._poller.unregister(conn.sock)

    def _read(self, conn: Connection, sock: socket.socket) -> None:
        if conn.phase is None:
            return  # it was ended earlier in this round
        is_leaving = conn.phase is Phase.LEAVING
        wanted = PIECE_BYTES if is_leaving else conn.arrival.wanted_bytes
        try:
            piece = sock.recv(min(wanted, PIECE_BYTES), socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        if not piece:
            self._drop(conn)
        elif is_leaving:
            self._throw_away(conn, len(piece))
        else:
            self._arrive(conn, piece)

    def _arrive(self, conn: Connection, piece: bytes) -> None:
        arrival = conn.arrival
        had_head = bool(arrival.head)
        arrival.add(piece)
        if arrival.is_too_large:
            self._refuse(conn, Refusal.HEAD_TOO_LARGE)
        elif not arrival.head:
            if conn.phase is not Phase.HEAD:
                self._wait(conn, Phase.HEAD)
        elif not had_head and not self._reserve(conn):
            self._refuse(conn, Refusal.OVERLOADED)
        elif arrival.is_whole and conn.unread_bytes > UNREAD_MAX_BYTES:
            self._drop(conn)  # it would hold a thread, or its answer get lost
        elif arrival.is_whole:
            self._end_wait(conn)
            conn.take_over()
            self._host.hand_over(conn)
        elif not had_head:
            self._wait(conn, Phase.BODY)
            conn.invite()

    def _reserve(self, conn: Connection) -> bool:
        """Make place for a body, at the cost of those coming in for longest."""
        wanted = conn.arrival.body_bytes
        while wanted > self._bodies_free_bytes:
            slowest = self._waiting.oldest(Phase.BODY)
            if slowest is None:
                return False
            self._refuse(slowest, Refusal.OVERLOADED)
        self._bodies_free_bytes -= wanted
        conn.held_bytes = wanted
        return True

    def _refuse(self, conn: Connection, refusal: Refusal) -> None:
        self._host.tell(conn.sock, refusal)
        self.leave(conn)

    def _throw_away(self, conn: Connection, come_bytes: int) -> None:
        conn.thrown_away_bytes += come_bytes
        if conn.thrown_away_bytes > LEAVING_MAX_BYTES:
            self._drop(conn)

    def _drop(self, conn: Connection) -> None:
        self._end_wait(conn)
        self.release_body(conn)
        conn.close()
        self._host.forget(conn)
