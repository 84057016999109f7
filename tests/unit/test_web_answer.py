"""An answer that is gathered and held, over a pair of connected sockets."""

import socket
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing

import pytest
from gunicorn.config import Config
from gunicorn.util import close_graceful

from compose.web.answer import HeldAnswer, gathered, holdable
from compose.web.connection import Connection
from ingest.hold import HOLD
from ingest.refusal import OutcomeUnknown, Refusal
from tests.stored import outcome

FAULT = ZeroDivisionError("our fault")


class Line:
    """A connection of the worker's, and its far end."""

    def __init__(self, near: socket.socket, far: socket.socket) -> None:
        self.conn = Connection(Config(), near, ("192.0.2.1", 1), ("192.0.2.2", 2))
        self.near, self.far = near, far

    def read(self) -> bytes:
        """Return what has come at the far end."""
        try:
            return self.far.recv(1 << 20, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return b""


@pytest.fixture
def line() -> Iterator[Line]:
    near, far = socket.socketpair()
    with closing(near), closing(far):
        yield Line(near, far)


def write(conn: Connection) -> bool:
    """Answer as gunicorn does."""
    conn.sock.setblocking(True)  # noqa: FBT003 - as a socket's
    conn.sock.sendall(b"head ")
    conn.sock.send(b"body", socket.MSG_DONTWAIT)
    return True


def test_what_is_written_is_kept_until_it_is_delivered(line: Line) -> None:
    answer = gathered(line.conn, write)
    assert line.read() == b""

    assert answer.keeps
    assert answer.deliver()
    assert line.read() == b"head body"


def test_the_connection_has_its_socket_again_also_after_a_fault(line: Line) -> None:
    def fail(_: Connection) -> bool:
        raise FAULT

    with pytest.raises(ZeroDivisionError):
        gathered(line.conn, fail)

    assert line.conn.sock is line.near


def test_a_peer_that_is_gone_or_takes_too_little_is_told_of(line: Line) -> None:
    much = HeldAnswer(line.conn)
    much.sendall(b"x" * (1 << 24))
    assert not much.deliver()

    line.far.close()
    assert not gathered(line.conn, write).deliver()


@pytest.mark.parametrize(
    ("problem", "refusal"),
    [(None, None), (OutcomeUnknown(), Refusal.UNKNOWN), (FAULT, Refusal.INTERNAL)],
)
def test_it_says_what_became_of_what_it_was_held_for(
    line: Line, problem: Exception | None, refusal: Refusal | None
) -> None:
    answer = HeldAnswer(line.conn)
    assert answer.refusal is None

    answer.hold(outcome(problem))

    assert answer.refusal is refusal


def test_what_was_given_up_by_nobody_knows_whom_is_a_fault_of_ours(line: Line) -> None:
    answer, stored = HeldAnswer(line.conn), Future[None]()
    answer.hold(stored)
    stored.cancel()

    assert answer.refusal is Refusal.INTERNAL


def test_it_may_be_a_refusal_from_the_start(line: Line) -> None:
    assert HeldAnswer(line.conn, Refusal.OVERLOADED).refusal is Refusal.OVERLOADED


def test_an_app_that_fails_on_the_way_leaves_what_it_wrote(line: Line) -> None:
    """As gunicorn closes a connection whose answer has begun."""

    def break_off(conn: Connection) -> bool:
        conn.sock.sendall(b"half")
        close_graceful(conn.sock)
        return False

    answer = gathered(line.conn, break_off)

    assert not answer.keeps
    assert answer.deliver()
    assert line.read() == b"half"


def test_an_app_is_told_only_of_answers_that_can_be_held(line: Line) -> None:
    told: list[object] = []

    def app(environ: dict[str, object], _: object) -> list[bytes]:
        told.append(environ.get(HOLD))
        return []

    answer = HeldAnswer(line.conn)
    for sock in (answer, line.near):
        holdable(app)({"gunicorn.socket": sock}, lambda *_: lambda _: None)

    stored: Future[None] = Future()
    hold, none = told
    assert none is None
    assert callable(hold)
    hold(stored)
    assert answer.until is stored
