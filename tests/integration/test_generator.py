"""The bench's generator against servers that are slow, silent, or refuse."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from clients.crowd.sender import LINES_AT_START
from clients.crowd.sending import Sendings
from tests.load.driver import GeneratorFailed, generator
from tests.load.schedule import Plan

LOOPBACK = "127.0.0.1"
SLOW_S = 1.5


class Server(ThreadingHTTPServer):
    """Answers 202; each kind of trouble happens to a key's first try only."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, *, slow_s: float = 0, hang_up: bool = False, status: int = 202
    ) -> None:
        super().__init__((LOOPBACK, 0), Handler)
        self.slow_s, self.hang_up, self.status = slow_s, hang_up, status
        self.tries: Counter[str] = Counter()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        key = self.headers["Idempotency-Key"]
        self.server.tries[key] += 1
        is_first = self.server.tries[key] == 1
        time.sleep(self.server.slow_s)
        if is_first and self.server.hang_up:
            self.close_connection = True
            return
        self.send_response(self.server.status if is_first else 202)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Write nothing."""


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def sendings(
    server: Server, *, per_s: float = 100, seconds: float = 1.0, closed: int = 0
) -> Sendings:
    plan = Plan(
        host=LOOPBACK,
        port=server.server_port,
        rooms=("hot", "other"),
        canary="canary",
        per_post=5,
        posts_per_s=per_s,
        canaries_per_s=10,
        seconds=seconds,
        seed=7,
        closed=closed,
    )
    with generator(plan) as driver:
        return driver.book()


def test_a_slow_server_is_latency_and_not_a_lower_rate() -> None:
    with serving(Server(slow_s=SLOW_S)) as server:
        found = sendings(server)
    loaded = [sent for sent in found.sent if sent.room != "canary"]

    assert len(loaded) == 100
    assert min(sent.answered_s - sent.due_s for sent in loaded) >= SLOW_S
    # Far more are under way at a time than there were connections at first.
    assert found.lines > 2 * LINES_AT_START
    first_answer_s = min(sent.answered_s for sent in found.sent)
    sent_before_an_answer = [sent for sent in loaded if sent.sent_s < first_answer_s]
    assert len(sent_before_an_answer) > LINES_AT_START


def test_a_broken_connection_is_a_try_and_the_batch_is_repeated_under_its_key() -> None:
    with serving(Server(hang_up=True)) as server:
        found = sendings(server, per_s=20)

    assert set(server.tries.values()) == {2}
    assert len(server.tries) == len(found.sent)
    assert {(sent.first, sent.outcome) for sent in found.sent} == {("none", "accepted")}


@pytest.mark.parametrize(
    ("status", "tries", "outcome"), [(503, 2, "accepted"), (422, 1, "refused")]
)
def test_only_what_may_be_stored_later_is_sent_again(
    status: int, tries: int, outcome: str
) -> None:
    with serving(Server(status=status)) as server:
        found = sendings(server, per_s=20)

    assert set(server.tries.values()) == {tries}
    assert {(sent.first, sent.outcome) for sent in found.sent} == {
        (str(status), outcome)
    }


def test_a_closed_loop_has_no_more_under_way_than_it_has_connections() -> None:
    with serving(Server(slow_s=0.1)) as server:
        found = sendings(server, seconds=3.0, closed=4)
    loaded = [sent for sent in found.sent if sent.room != "canary"]

    assert 4 < len(loaded) <= 4 * 31
    assert len(server.tries) == len(found.sent)


def test_a_generator_that_was_killed_leaves_no_book() -> None:
    plan = Plan(LOOPBACK, 9, ("hot",), "canary", 1, 10, 1, 30, 7)
    with generator(plan) as driver:
        os.kill(driver.pid, signal.SIGKILL)
        with pytest.raises(GeneratorFailed):
            driver.book()
