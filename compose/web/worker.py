"""Gunicorn's threaded worker, made to hold out against slow and hostile senders.

Its own reads a request in the thread that answers it: as many half-sent requests as
there are threads, and nobody is answered. Here `compose.web.gate` gathers requests in
the one thread that watches all connections. Gunicorn still reads each of them, and
runs the app.

That thread answers POSTs, too: they are most of what comes, and what they wait for
(`ingest.hold`) takes no thread. Handing each to another and back took more
than a third of its CPU time. What may wait in the app has threads.
"""

import errno
import gc
import io
import socket
from collections import deque
from concurrent.futures import Future

from gunicorn.http import errors
from gunicorn.http.message import Request
from gunicorn.workers.gthread import ThreadWorker

from compose.web.answer import HeldAnswer, gathered, holdable
from compose.web.connection import Connection, refuse
from compose.web.gate import Gate
from ingest.account import Account
from ingest.intake import BODY_MAX_BYTES
from ingest.refusal import Refusal
from ingest.topics import NO_ROOM

LOOK_EVERY_S = 1.0
"""How often, at least, it is looked who is late."""

ACCEPTS_AT_ONCE = 64
"""New connections a round, which also answers every POST that is there."""

HELD_SHARE = 0.75
"""Of a worker's connections: the others are for who does not wait for Kafka."""

_REFUSALS: tuple[tuple[type[Exception], Refusal], ...] = (
    (errors.LimitRequestLine, Refusal.HEAD_TOO_LARGE),
    (errors.LimitRequestHeaders, Refusal.HEAD_TOO_LARGE),
    (errors.ExpectationFailed, Refusal.BAD_EXPECTATION),
    (errors.UnsupportedTransferCoding, Refusal.LENGTH_REQUIRED),
    (errors.ParseException, Refusal.BAD_REQUEST),
)
"""What gunicorn's parser raises, and what we say then; the first that fits."""


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no annotations
    """The worker; `app.limits` says what it bears, `core` where it runs.

    One core, since only one thread of a worker runs at a time, and handing over
    between cores took about a quarter of a request's CPU time where measured.
    """

    core: int

    @classmethod
    def check_config(cls, cfg: object, log: object) -> None:
        """Accept any: gunicorn's would warn of a limit that we do not have."""

    def load_wsgi(self) -> None:
        """Build the app, and begin to watch connections for it."""
        from ingest import metrics  # noqa: PLC0415 - see `compose.web.server.main`

        super().load_wsgi()
        app = self.app.wsgi()
        self.wsgi = holdable(app)
        # The bench runs apps that keep none.
        self._account: Account = getattr(app, "account", None) or Account()
        self._ready: deque[HeldAnswer] = deque()
        self._is_woken = False
        self._held, self._held_max = 0, int(self.worker_connections * HELD_SHARE)
        self._refused = metrics.REFUSED
        self._gate = Gate(self.poller, self.app.limits, self)
        # Gunicorn would keep none where there are more threads; the gate makes room.
        self.keepalived_conns = self._gate.idle
        self.max_keepalived = self.worker_connections
        # What is there now stays: a full collection went through it for 50 to 100 ms.
        gc.collect()
        gc.freeze()

    # Gunicorn calls these in the thread that watches; an error here ends the worker.

    def run(self) -> None:
        """Serve until told to end."""
        super().run()
        self._is_woken = True  # there is nothing left to wake

    def accept(self, listener: socket.socket) -> None:
        """Take new connections."""
        for _ in range(ACCEPTS_AT_ONCE):
            try:
                sock, client = listener.accept()
            except OSError as error:
                if error.errno in {errno.EMFILE, errno.ENFILE}:
                    self._gate.make_room()
                return  # there is none, or it is there again in the next round
            self.nr_conns += 1
            self._gate.watch(Connection(self.cfg, sock, client, listener.getsockname()))
            if self.nr_conns >= self.worker_connections:
                self._gate.make_room()
                return

    def finish_request(self, conn: Connection, done: "Future[bool]") -> None:
        """Go on with a connection whose request a thread has answered."""
        answered = not done.cancelled() and done.exception() is None and done.result()
        if answered and self.alive:
            self._gate.watch(conn)
        else:
            self._gate.leave(conn)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait no longer than who is late may, or has an answer."""
        within_s = 0.0 if self._ready else min(timeout, LOOK_EVERY_S)
        super().wait_for_and_dispatch_events(within_s)

    def murder_keepalived(self) -> None:
        """Send what is ready, end whose time is over; called after each round."""
        self._send_ready()
        self._gate.cut_late()

    def handle_exit(self, sig: int, frame: object) -> None:
        """Begin to end: let requests finish, close connections that have none."""
        super().handle_exit(sig, frame)
        self.method_queue.defer(self._drop_unasked)

    # Gunicorn calls these in the thread that answers a request.

    def handle_request(self, request: Request, conn: Connection) -> bool:
        """Answer a request; tell whether its connection stays."""
        request._expected_100_continue = False  # noqa: SLF001 - the gate invites
        length = _body_bytes(request)
        if length is None:
            request.force_close()  # its body is left unread
        elif length == len(conn.body):
            request.body = io.BytesIO(conn.take_body())
        else:
            raise errors.InvalidHeader("CONTENT-LENGTH")  # it is not what we read
        try:
            return bool(super().handle_request(request, conn))
        except BlockingIOError as error:
            raise ConnectionResetError(errno.ECONNRESET, "nobody reads it") from error
        finally:
            request.body = io.BytesIO()  # an idle connection keeps its last request

    def handle_error(
        self,
        request: Request | None,
        sock: socket.socket,
        client: object,
        error: Exception,
    ) -> None:
        """Say in our words what gunicorn would say in HTML."""
        del request, client
        refusal = next(
            (refusal for kind, refusal in _REFUSALS if isinstance(error, kind)),
            Refusal.INTERNAL,
        )
        if refusal is Refusal.INTERNAL:
            self.log.error("request failed", exc_info=error)
        self.tell(sock, refusal)

    # The gate calls these.

    def hand_over(self, conn: Connection) -> None:
        """Answer the request that has come: here, or in a thread if it may wait."""
        if not conn.is_post:
            self.enqueue_req(conn)
            return
        if self._held >= self._held_max or not self.alive:
            self._ready.append(HeldAnswer(conn, Refusal.OVERLOADED))
            return
        answer = gathered(conn, self.handle)
        if answer.until is None:
            self._ready.append(answer)
        else:
            self._held += 1
            self._gate.release_body(conn)  # the producer has its own copy
            answer.until.add_done_callback(lambda _: self._wake_for(answer))

    def tell(
        self, sock: socket.socket, refusal: Refusal, *, keeps: bool = False
    ) -> None:
        """Count a refusal and send it; `keeps`: the connection stays after it."""
        self._account.refused(NO_ROOM, refusal.label)  # no app has read it
        self._refuse(sock, refusal, keeps=keeps)

    def forget(self, conn: Connection) -> None:
        """Count a connection no more."""
        del conn
        self.nr_conns -= 1

    def _wake_for(self, answer: HeldAnswer) -> None:
        """Have an answer sent; any thread may call it."""
        self._ready.append(answer)
        if not self._is_woken:  # once for all that are ready by then
            self._is_woken = True
            self.method_queue.defer(self._send_ready)

    def _send_ready(self) -> None:
        self._is_woken = False
        for _ in range(len(self._ready)):  # a sent one may make another ready
            self._send(self._ready.popleft())

    def _send(self, answer: HeldAnswer) -> None:
        conn, refusal = answer.conn, answer.refusal
        keeps = answer.keeps and self.alive
        if refusal is None:
            keeps = answer.deliver() and keeps
        else:
            if refusal is Refusal.INTERNAL:
                self.log.error("request failed", exc_info=answer.problem)
            # What it was held for, the app has counted.
            tell = self.tell if answer.until is None else self._refuse
            tell(conn.sock, refusal, keeps=keeps)
        if answer.until is not None:
            self._held -= 1
            answer.until = None  # its callbacks hold this answer: a cycle
        if keeps:
            self._gate.watch(conn)
        else:
            self._gate.leave(conn)

    def _refuse(
        self, sock: socket.socket, refusal: Refusal, *, keeps: bool = False
    ) -> None:
        self._refused.labels(refusal.label).inc()
        refuse(sock, refusal, keeps=keeps)

    def _drop_unasked(self) -> None:
        self._gate.drop_unasked()  # a worker that has none yet does not come here


def _body_bytes(request: Request) -> int | None:
    """Return how long gunicorn says the body is; None if it is left unread.

    Raises:
        InvalidHeader: If it has a length and a coding: others may read it otherwise.
            Gunicorn allows that of a coding that is not `chunked`.
    """
    headers = dict(request.headers)
    if {"TRANSFER-ENCODING", "CONTENT-LENGTH"} <= headers.keys():
        raise errors.InvalidHeader("TRANSFER-ENCODING")
    length = int(headers.get("CONTENT-LENGTH", "0"))
    if "TRANSFER-ENCODING" in headers or length > BODY_MAX_BYTES:
        return None
    return length
