"""The gate over pairs of connected sockets, at a time that is set."""

import json
import select
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from selectors import DefaultSelector

import pytest
from gunicorn.config import Config

from compose.web.arrival import HEAD_MAX_BYTES
from compose.web.connection import Connection, refuse
from compose.web.gate import (
    KEEP_ALIVE_S,
    LEAVE_WITHIN_S,
    LEAVING_MAX_BYTES,
    PIECE_BYTES,
    UNREAD_MAX_BYTES,
    Gate,
    Limits,
)
from ingest.refusal import Refusal

GET = b"GET /livez HTTP/1.1\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n"
LIMITS = Limits(head_s=5, body_s=10, bodies_max_bytes=100)


class Host:
    """Owns a gate, and the far ends of its connections."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._poller = stack.enter_context(DefaultSelector())
        self.now_s = 1000.0
        self.gate = Gate(self._poller, LIMITS, self, lambda: self.now_s)
        self.asked: list[Connection] = []
        self.refused: list[str] = []
        self.closed = 0

    def hand_over(self, conn: Connection) -> None:
        self.asked.append(conn)

    def tell(self, sock: socket.socket, refusal: Refusal) -> None:
        self.refused.append(refusal.label)
        refuse(sock, refusal)

    def forget(self, conn: Connection) -> None:
        del conn
        self.closed += 1

    def connect(self, *sent: bytes) -> socket.socket:
        """Return the far end of a new connection, on which something was sent."""
        near, far = socket.socketpair()
        self._stack.enter_context(far)
        far.settimeout(5)
        conn = Connection(Config(), near, ("192.0.2.1", 1), ("192.0.2.2", 2))
        self._stack.callback(conn.close)
        self.gate.watch(conn)
        for data in sent:
            self.send(far, data)
        return far

    def send(self, far: socket.socket, data: bytes) -> None:
        """Send something, and let the gate see it."""
        far.sendall(data)
        self.look()

    def look(self, before: Callable[[], None] = lambda: None) -> None:
        """Let the gate see what there is, after something else in the same round."""
        ready = self._poller.select(0)
        before()
        for key, _ in ready:
            key.data(key.fileobj)
        self.gate.cut_late()

    def wait(self, seconds: float) -> None:
        self.now_s += seconds
        self.look()

    @property
    def watched(self) -> int:
        """How many connections the poller knows."""
        return len(self._poller.get_map())


@pytest.fixture
def host() -> Iterator[Host]:
    with ExitStack() as stack:
        yield Host(stack)


def label(far: socket.socket) -> str:
    """Return what a refused sender reads before its connection ends."""
    answer = b"".join(iter(lambda: far.recv(4096), b""))
    head, body = answer.split(b"\r\n\r\n")
    assert b"Connection: close" in head
    return str(json.loads(body)["error"])


def test_a_request_is_handed_over_once_it_is_whole(host: Host) -> None:
    far = host.connect(GET[:-1])
    assert host.asked == []
    host.send(far, GET[-1:])
    [conn] = host.asked

    assert conn.reader.chunk() == GET
    assert conn.body == b""
    assert host.watched == 0


def test_a_body_is_handed_over_with_its_head(host: Host) -> None:
    far = host.connect(POST % 4, b"bo")
    assert host.asked == []
    host.send(far, b"dy")

    assert [conn.body for conn in host.asked] == [b"body"]


def test_the_next_request_may_come_with_the_one_before_it(host: Host) -> None:
    host.connect(GET + GET + GET[:5])
    [first] = host.asked
    host.gate.watch(first)
    [_, second] = host.asked
    host.gate.watch(second)

    assert len(host.asked) == 2
    assert host.watched == 1


def test_a_byte_now_and_then_does_not_keep_a_head_from_being_late(host: Host) -> None:
    far = host.connect(GET[:1])
    for byte in GET[1:5]:
        host.wait(1)
        host.send(far, bytes([byte]))
    host.wait(1)

    assert host.refused == ["too_slow"]
    assert label(far) == "too_slow"


def test_a_byte_now_and_then_does_not_keep_a_body_from_being_late(host: Host) -> None:
    far = host.connect(POST % 100)
    for _ in range(9):
        host.wait(1)
        host.send(far, b"x")
    assert host.refused == []
    host.wait(1)

    assert label(far) == "too_slow"


def test_the_time_for_a_body_begins_with_it(host: Host) -> None:
    far = host.connect((POST % 4)[:9])
    host.wait(LIMITS.head_s - 1)
    host.send(far, (POST % 4)[9:])
    host.wait(LIMITS.body_s - 1)
    host.send(far, b"body")

    assert len(host.asked) == 1


def test_an_idle_connection_ends_without_a_word(host: Host) -> None:
    far = host.connect()
    host.wait(KEEP_ALIVE_S)

    assert far.recv(1) == b""
    assert host.refused == []
    assert host.closed == 1


def test_after_a_refusal_the_peer_has_time_to_read_it(host: Host) -> None:
    far = host.connect(b"x" * HEAD_MAX_BYTES, b"x")
    host.send(far, b"x" * 1000)  # would be a reset if we had closed
    assert host.closed == 0
    assert label(far) == "head_too_large"
    host.wait(LEAVE_WITHIN_S)

    assert host.closed == 1
    assert host.watched == 0


def test_a_peer_that_sends_on_after_a_refusal_is_cut_off(host: Host) -> None:
    far = host.connect(b"x" * HEAD_MAX_BYTES, b"x")
    sent = 0
    while not host.closed:
        host.send(far, b"x" * PIECE_BYTES)
        sent += PIECE_BYTES
        assert sent <= 2 * LEAVING_MAX_BYTES


def test_a_peer_that_goes_away_leaves_nothing(host: Host) -> None:
    for sent in (b"", GET[:5], POST % 100 + b"x"):
        host.connect(*filter(None, [sent])).close()
        host.look()
    host.connect(POST % 100 + b"x" * 100)  # there is place for all of it again

    assert host.closed == 3
    assert host.refused == []
    assert len(host.asked) == 1


def test_the_bodies_in_flight_have_a_size_and_the_slowest_makes_place(
    host: Host,
) -> None:
    slowest, slow = host.connect(POST % 60), host.connect(POST % 40)
    host.connect(POST % 10, b"x" * 10)

    assert label(slowest) == "overloaded"
    assert host.refused == ["overloaded"]
    assert len(host.asked) == 1
    host.send(slow, b"x" * 40)
    assert len(host.asked) == 2


def test_a_body_for_which_nobody_can_make_place_is_refused_unread(host: Host) -> None:
    host.connect(POST % 60, b"x" * 60)
    refused = host.connect(POST % 41)

    assert label(refused) == "overloaded"
    assert len(host.asked) == 1


@pytest.mark.parametrize("ending", ["watch", "leave"])
def test_a_body_that_was_answered_makes_place(host: Host, ending: str) -> None:
    host.connect(POST % 100, b"x" * 100)
    getattr(host.gate, ending)(host.asked[0])
    host.connect(POST % 100, b"x" * 100)

    assert host.refused == []
    assert len(host.asked) == 2


def test_a_body_that_came_too_late_makes_place(host: Host) -> None:
    host.connect(POST % 100)
    host.wait(LIMITS.body_s)
    host.connect(POST % 100, b"x" * 100)

    assert host.refused == ["too_slow"]
    assert len(host.asked) == 1


def test_requests_without_a_body_pass_while_there_is_no_place(host: Host) -> None:
    host.connect(POST % 100, b"x" * 100)
    host.connect(GET)

    assert len(host.asked) == 2


def test_who_does_not_read_its_answers_gets_no_more(host: Host) -> None:
    far = host.connect(GET)
    for _ in range(2):
        [conn] = host.asked
        conn.sock.sendall(b"x" * (UNREAD_MAX_BYTES // 2 + 1))
        host.asked.clear()
        host.gate.watch(conn)
        host.send(far, GET)

    assert host.asked == []
    assert host.closed == 1


def test_of_one_connection_of_each_kind_that_which_does_least_makes_room(
    host: Host,
) -> None:
    leaving = host.connect(b"x" * HEAD_MAX_BYTES, b"x")
    assert host.closed == 0
    fars = [host.connect(), host.connect(GET[:5]), host.connect(POST % 4)]
    ended = []
    for _ in range(5):
        host.gate.make_room()
        ended.append([is_closed(far) for far in fars])

    assert label(leaving) == "head_too_large"
    assert ended == [
        [False, False, False],
        [False, True, False],
        [True, True, False],
        [True, True, True],
        [True, True, True],
    ]
    assert label(fars[2]) == "overloaded"
    assert host.closed == 4


@pytest.mark.parametrize(
    "flood", [b"", GET[:5], POST % 4 + b"b"], ids=["idle", "in heads", "in bodies"]
)
def test_a_flood_makes_room_at_its_own_cost_the_oldest_first(
    host: Host, flood: bytes
) -> None:
    others = [host.connect(), host.connect(GET[:5]), host.connect(POST % 4)]
    fars = [host.connect(*filter(None, [flood])) for _ in range(6)]
    for _ in range(4):
        host.gate.make_room()
    kind = [b"", GET[:5], POST % 4 + b"b"].index(flood)
    oldest_first = [others.pop(kind), *fars]

    assert [is_closed(far) for far in oldest_first] == [True] * 4 + [False] * 3
    assert not any(map(is_closed, others))


def test_what_was_sent_on_a_connection_that_made_room_does_not_end_it_twice(
    host: Host,
) -> None:
    far = host.connect()
    far.sendall(GET)
    host.look(before=host.gate.make_room)

    assert host.asked == []
    assert host.closed == 1


def test_a_body_that_makes_room_gives_its_place_back(host: Host) -> None:
    host.connect(POST % 100)
    host.gate.make_room()
    host.connect(POST % 100, b"x" * 100)

    assert host.refused == ["overloaded"]
    assert len(host.asked) == 1


def test_what_comes_after_a_body_is_not_read_before_it_is_wanted(host: Host) -> None:
    far = host.connect(POST % 4 + b"bo")
    host.send(far, b"dy" + GET)
    [first] = host.asked

    assert (first.body, first.rest) == (b"body", b"")
    host.gate.watch(first)
    host.look()
    assert len(host.asked) == 2


def test_of_what_comes_with_a_head_no_more_is_held_than_a_head_has(host: Host) -> None:
    host.connect(GET + b"x" * PIECE_BYTES)
    [conn] = host.asked

    assert len(GET) + len(conn.rest) == HEAD_MAX_BYTES + 1


def is_closed(far: socket.socket) -> bool:
    """Tell of a connection on which nothing was sent to us whether it has ended."""
    return bool(select.select([far], [], [], 0)[0])


def test_at_the_end_only_those_who_asked_for_something_stay(host: Host) -> None:
    host.connect()
    host.connect(GET[:5])
    host.connect(GET)
    host.connect(POST % 4)
    host.gate.drop_unasked()

    assert host.closed == 2


def test_who_waits_for_an_invitation_is_invited_once(host: Host) -> None:
    expecting = POST.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")
    far = host.connect(expecting % 4, b"bo", b"dy")

    assert far.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert len(host.asked) == 1
