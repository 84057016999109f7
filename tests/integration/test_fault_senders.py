"""Those who react under fire: what they send, repeat, and write down."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.faults.senders import Senders
from tests.integration.processes import LOOPBACK, wait_until

SOON_S = 30.0
ACCEPTED = b'{"accepted":50,"rejected":[]}'
UNKNOWN = b'{"error":"unknown","help":""}'


class Server(ThreadingHTTPServer):
    """Answers as it is told, and keeps what came, by key."""

    def __init__(self) -> None:
        super().__init__((LOOPBACK, 0), _Handler)
        self.status, self.body = 202, ACCEPTED
        self.came: dict[str, list[bytes]] = {}
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            self.server.came.setdefault(self.headers["Idempotency-Key"], []).append(
                body
            )
        answer = self.server.body
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def senders(server: Server) -> Iterator[Senders]:
    with Senders(server.url, seed=8) as senders:
        yield senders


def soon(done: Callable[[], bool], what: str) -> None:
    wait_until(done, within_s=SOON_S, what=what)


def test_the_book_has_each_batch_that_was_answered_and_nothing_else(
    server: Server, senders: Senders
) -> None:
    senders.release()
    soon(lambda: len(server.came) > 100, "a hundred batches")
    senders.hold()

    book = senders.book()
    assert book.reactions == 50 * len(server.came)
    assert (book.doubtful, book.wrong) == (0, ())
    assert all(book.accepted[room] for room in senders.rooms)


def test_some_batches_come_once_more_though_they_were_accepted(
    server: Server, senders: Senders
) -> None:
    senders.release()
    soon(lambda: len(server.came) > 200, "two hundred batches")
    senders.hold()

    times = Counter(len(bodies) for bodies in server.came.values())
    assert times.keys() == {1, 2}
    assert times[1] > 4 * times[2]
    assert all(len({*bodies}) == 1 for bodies in server.came.values())


def test_held_senders_are_silent_until_they_are_released(
    server: Server, senders: Senders
) -> None:
    time.sleep(0.5)
    assert not server.came

    senders.release()
    soon(lambda: bool(server.came), "a batch")
    senders.hold()
    came = len(server.came)
    time.sleep(0.5)

    assert len(server.came) == came


def test_a_batch_without_a_certain_answer_is_repeated_in_the_same_bytes(
    server: Server, senders: Senders
) -> None:
    server.status, server.body = 503, UNKNOWN
    senders.release()
    soon(lambda: any(len(one) > 2 for one in server.came.values()), "a repeat")
    assert senders.book().reactions == 0
    server.status, server.body = 202, ACCEPTED
    senders.hold()

    book = senders.book()
    assert book.reactions == 50 * len(server.came)
    assert book.doubtful == 0
    assert all(len({*bodies}) == 1 for bodies in server.came.values())


def test_a_killed_sender_leaves_its_book_behind(
    server: Server, senders: Senders
) -> None:
    server.status, server.body = 503, UNKNOWN
    senders.release()
    soon(lambda: len(server.came) > 20, "twenty batches")
    senders.kill_one()
    server.status, server.body = 202, ACCEPTED
    soon(lambda: bool(senders.accepted_after(0)), "an answer")
    senders.hold()

    book = senders.book()
    assert book.doubtful > 0
    assert book.reactions + book.doubtful >= 50 * len(server.came)


def test_a_refusal_of_a_good_batch_is_told(server: Server, senders: Senders) -> None:
    server.status, server.body = 422, b'{"error":"nothing_acceptable"}'
    senders.release()
    soon(lambda: bool(server.came), "a batch")
    senders.hold()

    book = senders.book()
    assert book.wrong == ("refused 422 nothing_acceptable",)
    assert (book.reactions, book.doubtful) == (0, 0)


def test_copies_are_the_same_bytes_and_one_entry_in_the_book(
    server: Server, senders: Senders
) -> None:
    senders.order("copies 3")
    senders.release()
    soon(lambda: len(server.came) > 20, "twenty batches")
    senders.hold()

    assert {len(bodies) for bodies in server.came.values()} == {3}
    assert all(len({*bodies}) == 1 for bodies in server.came.values())
    assert senders.book().reactions == 50 * len(server.came)


def test_a_batch_is_of_eight_emoji_and_fifty_reactions(
    server: Server, senders: Senders
) -> None:
    senders.release()
    soon(lambda: len(server.came) > 30, "thirty batches")
    senders.hold()

    totals = sum(senders.book().accepted.values(), Counter[str]())
    assert len(totals) == 8
    assert totals.total() == 50 * len(server.came)
