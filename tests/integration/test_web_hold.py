"""The web process holds out against who is slow, rude, or too much."""

import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import psutil
import pytest

from tests.integration.processes import wait_until
from tests.integration.web_process import Web, answer_on, answers_on, running

THREADS = 4
SLOW = 64
"""Of each kind; far more than there are threads."""

HEAD_WITHIN_S, BODY_WITHIN_S = 4, 5
BODIES_MAX_BYTES = 128 * 1024 * (SLOW + 1)
REQUESTS_PER_S = 5
CUT_WITHIN_S = 30

LIVEZ = b"GET /livez HTTP/1.1\r\nHost: here\r\n\r\n"
HEAD = (
    b"POST /v1/reactions HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"
)
BODY = b"Content-Length: %d\r\n\r\n"


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    settings = {
        "WEB_THREADS": THREADS,
        "WEB_HEAD_WITHIN_S": HEAD_WITHIN_S,
        "WEB_BODY_WITHIN_S": BODY_WITHIN_S,
        "WEB_BODIES_MAX_BYTES": BODIES_MAX_BYTES,
    }
    with running(tmp_path_factory.mktemp("web"), **settings) as web:
        yield web


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    settings = {"WEB_CONNECTIONS": 16, "LOOPBACK_REQUESTS_PER_S": REQUESTS_PER_S}
    with running(tmp_path_factory.mktemp("strict"), **settings) as web:
        yield web


def connect(
    web: Web, stack: ExitStack, count: int, *sent: bytes
) -> list[socket.socket]:
    return [stack.enter_context(web.connect(*sent)) for _ in range(count)]


def in_use(worker: psutil.Process) -> tuple[int, int]:
    """Return how many files and threads a worker has."""
    return worker.num_fds(), worker.num_threads()


def test_half_sent_requests_hold_up_nobody_and_are_cut(web: Web) -> None:
    with ExitStack() as stack:
        connect(web, stack, 2 * THREADS, LIVEZ)  # has made all threads
        wait_until(lambda: web.status("/livez") == 200, within_s=10, what="answers")
        [worker] = web.workers
        before = in_use(worker)
        slow = connect(web, stack, SLOW, HEAD)
        slow += connect(web, stack, SLOW, HEAD + BODY % 1000, b"[")
        [healthy] = connect(web, stack, 1)
        for _ in range(50):
            healthy.sendall(LIVEZ)
            assert answer_on(healthy).body == b'{"live":true}'

        assert in_use(worker)[0] > before[0] + 2 * SLOW - 1, "they were cut before"
        assert {answer_on(one).refusal for one in slow} == {(408, "too_slow")}
        assert {one.recv(1) for one in slow} == {b""}
    wait_until(lambda: in_use(worker) <= before, within_s=CUT_WITHIN_S, what="all free")


def test_a_byte_now_and_then_does_not_save_a_request(web: Web) -> None:
    """One in its headers, one in its body, both at once."""
    with ExitStack() as stack:
        [in_head] = connect(web, stack, 1, HEAD)
        [in_body] = connect(web, stack, 1, HEAD + BODY % 1000)
        trickling = {in_head, in_body}
        deadline = time.monotonic() + CUT_WITHIN_S
        while trickling:
            assert time.monotonic() < deadline
            answered, _, _ = select.select(trickling, [], [], 0.2)
            for one in answered:
                assert one.recv(1000).startswith(b"HTTP/1.1 408 ")
            trickling -= {*answered}
            for one in trickling:
                one.sendall(b"x")


def test_answers_that_nobody_reads_hold_up_nobody(web: Web) -> None:
    ask = b"GET /openapi.json HTTP/1.1\r\nHost: here\r\n\r\n" * 200
    with ExitStack() as stack:
        connect(web, stack, 2 * THREADS, ask)
        [healthy] = connect(web, stack, 1)
        healthy.settimeout(4)  # gunicorn's threads would wait for 5 s
        for _ in range(20):
            healthy.sendall(LIVEZ)
            assert answer_on(healthy).body == b'{"live":true}'


def test_many_requests_may_be_sent_before_the_first_is_answered(web: Web) -> None:
    good = HEAD + BODY % 2 + b"[]"
    with web.connect((LIVEZ + good) * 10) as connection:
        answers = answers_on(connection)
        statuses = [next(answers).status for _ in range(20)]

    assert statuses == [200, 422] * 10


def test_a_thousand_posts_at_once_on_one_connection_are_all_answered(
    web: Web,
) -> None:
    """Each is there as soon as the one before is answered."""
    bad = b"POST /nowhere HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
    with web.connect(bad * 1000) as connection:
        answers = answers_on(connection)
        statuses = {next(answers).status for _ in range(1000)}

    assert statuses == {404}


@pytest.mark.parametrize(
    ("sent", "status", "label"),
    [
        (b"\r\n\r\n", 400, "bad_request"),
        (b"GET / HTTP/9.9\r\n\r\n", 400, "bad_request"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "bad_request"),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400, "bad_request"),
        (HEAD + b"no colon\r\n\r\n", 400, "bad_request"),
        (HEAD + b"A: \0\r\n\r\n", 400, "bad_request"),
        (
            HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n[]",
            400,
            "bad_request",
        ),
        (HEAD + b"Content-Length: -1\r\n\r\n", 400, "bad_request"),
        (HEAD + b"Content-Length: 0000000002\r\n\r\n[]", 400, "bad_request"),
        (
            HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
            "bad_request",
        ),
        *(
            (
                HEAD
                + b"Transfer-Encoding: %s\r\nContent-Length: 5\r\n\r\nhello" % coding,
                400,
                "bad_request",
            )
            for coding in (b"identity", b"gzip", b"deflate", b"gzip, chunked")
        ),
        *(
            (HEAD + b"Transfer-Encoding: %s\r\n\r\n" % coding, 400, "bad_request")
            for coding in (
                b"chunked, gzip",
                b"chunked, identity",
                b"chunked, chunked",
                b"x",
            )
        ),
        *(
            (HEAD + b"Transfer-Encoding: %s\r\n\r\n" % coding, 411, "length_required")
            for coding in (
                b"chunked",
                b"gzip",
                b"identity",
                b"gzip, chunked",
                b"",
            )
        ),
        (HEAD + BODY % (128 * 1024 + 1), 413, "body_too_large"),
        (HEAD + b"Expect: a miracle\r\n\r\n", 417, "bad_expectation"),
        (HEAD + b"A: %s\r\n\r\n" % (b"x" * 9000), 431, "head_too_large"),
        (HEAD + b"A: b\r\n" * 101 + b"\r\n", 431, "head_too_large"),
        (HEAD + b"A" * 20_000, 431, "head_too_large"),
        (b"GET /%s HTTP/1.1\r\n\r\n" % (b"x" * 5000), 431, "head_too_large"),
    ],
)
def test_what_never_reaches_the_app_is_refused_in_the_same_form(
    web: Web, sent: bytes, status: int, label: str
) -> None:
    before = web.counted(label)
    with web.connect(sent) as connection:
        answer = answer_on(connection)
        rest = connection.recv(1)

    assert answer.refusal == (status, label)
    assert answer.headers["Connection"] == "close"
    assert rest == b""
    assert web.counted(label) == before + 1


def test_a_body_is_invited_where_that_is_asked_for_and_it_will_be_read(
    web: Web,
) -> None:
    expecting = HEAD + b"Expect: 100-continue\r\n"
    with web.connect(expecting + BODY % 2) as wanted:
        assert wanted.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        wanted.sendall(b"[]")
        assert wanted.recv(1000).startswith(b"HTTP/1.1 422 ")
    with web.connect(expecting + BODY % (128 * 1024 + 1)) as unwanted:
        assert unwanted.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_the_slowest_bodies_make_place_for_others(web: Web) -> None:
    """As many large ones as fit, and two more."""
    with ExitStack() as stack:
        slow = connect(web, stack, SLOW + 3, HEAD + BODY % (128 * 1024))
        first = [answer_on(one).refusal for one in slow[:2]]
        [small] = connect(web, stack, 1, HEAD + BODY % 2 + b"[]")
        answered = answer_on(small).refusal

    assert first == [(503, "overloaded")] * 2
    assert answered == (422, "nothing_acceptable")


def test_senders_that_go_away_in_their_bodies_leave_their_place(web: Web) -> None:
    before = web.counted("overloaded")
    for _ in range(3):
        with ExitStack() as stack:
            connect(web, stack, SLOW, HEAD + BODY % (128 * 1024), b"[" * 1000)
        with web.connect(HEAD + BODY % 2 + b"[]") as healthy:
            assert answer_on(healthy).refusal == (422, "nothing_acceptable")

    assert web.counted("overloaded") == before


def test_idle_connections_keep_no_bodies(web: Web) -> None:
    body = b"[]".ljust(128 * 1024)
    [worker] = web.workers
    with ExitStack() as stack:
        before_bytes = worker.memory_info().rss
        for one in connect(web, stack, 200):
            one.sendall(HEAD + BODY % len(body) + body)
            assert answer_on(one).status == 422
        grown_bytes = worker.memory_info().rss - before_bytes

    assert grown_bytes < 200 * len(body) / 2


@pytest.mark.parametrize(
    "begun",
    [b"", HEAD, HEAD + BODY % 2 + b"["],
    ids=["idle", "in their headers", "in their bodies"],
)
def test_more_connections_than_a_worker_holds_do_not_keep_anybody_out(
    strict: Web, begun: bytes
) -> None:
    with ExitStack() as stack:
        connect(strict, stack, 40, begun)
        assert strict.status("/livez") == 200
        [worker] = strict.workers
        held = [
            one for one in worker.net_connections() if one.laddr.port == strict.port
        ]

    assert len(held) <= 1 + 16  # the first one listens


def test_a_connection_stays_though_there_are_more_threads_than_connections(
    strict: Web,
) -> None:
    with strict.connect() as connection:
        for _ in range(3):
            connection.sendall(LIVEZ)
            assert answer_on(connection).headers["Connection"] == "keep-alive"

    assert "keepalived" not in strict.log.read_text()


def test_an_address_that_asks_too_much_is_refused_and_told_when_to_come_again(
    strict: Web,
) -> None:
    began_s = time.monotonic()
    with strict.client() as client:
        answers = [client.post("/v1/reactions", json=[]) for _ in range(50)]
        most = 6 + REQUESTS_PER_S * (time.monotonic() - began_s)
        refused = [answer for answer in answers if answer.status_code != 422]
        probed = [client.get("/livez").status_code for _ in range(20)]

    assert 0 < len(answers) - len(refused) <= most
    assert {answer.status_code for answer in refused} == {429}
    assert {answer.json()["error"] for answer in refused} == {"rate_limited"}
    assert {answer.headers["Retry-After"] for answer in refused} == {"1"}
    assert set(probed) == {200}
