"""The web process on a real Kafka: POSTs whose answers wait for it."""

import json
import select
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from compose.web.worker import HELD_SHARE
from ingest.topics import reactions, states
from tests.integration.kafka_server import KafkaServer, kafka_server
from tests.integration.processes import wait_until
from tests.integration.web_process import Web, answer_on, answers_on, running

THREADS = 2
WAITING = 200
"""Far more than there are threads."""

GOOD = json.dumps({"user_id": "u", "emoji_type": "❤️", "timestamp": 1}).encode()
POST = (
    b"POST /v1/reactions HTTP/1.1\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(GOOD), GOOD)
)
BAD = b"POST /v1/reactions HTTP/1.1\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    with kafka_server(tmp_path_factory.mktemp("kafka")) as server:
        server.create(reactions("", partitions=2, retention_bytes=1 << 30))
        server.create(states(""))
        yield server


@contextmanager
def web_on(kafka: KafkaServer, folder: Path, **more: object) -> Iterator[Web]:
    """Run a web process that can store."""
    settings = {"KAFKA_SERVERS": kafka.servers, "WEB_THREADS": THREADS, **more}
    with running(folder, **settings) as web:
        wait_until(lambda: stores(web), within_s=30, what="storing")
        yield web


@pytest.fixture
def web(kafka: KafkaServer, tmp_path: Path) -> Iterator[Web]:
    with web_on(kafka, tmp_path) as web:
        yield web


def stores(web: Web) -> bool:
    with web.connect(POST) as connection:
        return answer_on(connection).status == 202


def refusal_on(connection: socket.socket) -> tuple[int, str] | None:
    """Return how a POST was refused; None if its connection had to make room."""
    try:
        return answer_on(connection).refusal
    except (ConnectionResetError, StopIteration):
        return None


def is_ending(web: Web) -> bool:
    """Tell whether gunicorn has told its workers to end; it listens no more then."""
    master = psutil.Process(web.process.pid)
    return all(one.status != psutil.CONN_LISTEN for one in master.net_connections())


def test_posts_that_wait_for_kafka_hold_up_nobody(kafka: KafkaServer, web: Web) -> None:
    [worker] = web.workers
    threads = worker.num_threads()
    with ExitStack() as stack:
        kafka.pause()
        stack.callback(kafka.resume)
        sent = [POST, b"\r\n" + POST] * (WAITING // 2)
        waiting = [stack.enter_context(web.connect(one)) for one in sent]
        for _ in range(THREADS):
            assert web.status("/livez") == 200
        answered, _, _ = select.select(waiting, [], [], 0)
        assert answered == []  # so it was not for them that we got ours
        assert worker.num_threads() <= threads + THREADS
        answers = [answer_on(one) for one in waiting]

    assert {answer.refusal for answer in answers} <= {
        (503, "unknown"),
        (503, "not_stored"),  # it came when the first had waited for too long
    }
    assert (503, "unknown") in {answer.refusal for answer in answers}
    assert {answer.headers["Connection"] for answer in answers} == {"keep-alive"}
    wait_until(lambda: stores(web), within_s=30, what="storing again")


def test_who_does_not_wait_for_kafka_finds_a_place(
    kafka: KafkaServer, tmp_path: Path
) -> None:
    with web_on(kafka, tmp_path, WEB_CONNECTIONS=16) as web, ExitStack() as stack:
        kafka.pause()
        stack.callback(kafka.resume)
        waiting = [stack.enter_context(web.connect(POST)) for _ in range(40)]
        assert web.status("/livez") == 200
        refusals = Counter(filter(None, map(refusal_on, waiting)))

    assert refusals.keys() == {(503, "overloaded"), (503, "unknown")}
    assert refusals[503, "unknown"] <= 16 * HELD_SHARE


def test_a_kafka_that_is_slow_stores_what_waits(kafka: KafkaServer, web: Web) -> None:
    accepted = web.sample("ingest_reactions_accepted_total")
    with ExitStack() as stack:
        kafka.pause()
        try:
            waiting = [stack.enter_context(web.connect(POST)) for _ in range(20)]
            assert web.status("/livez") == 200  # so it has seen them all
        finally:
            kafka.resume()
        statuses = {answer_on(one).status for one in waiting}

    assert statuses == {202}
    assert web.sample("ingest_reactions_accepted_total") == accepted + 20


def test_answers_come_in_the_order_of_the_requests(web: Web) -> None:
    with web.connect((POST + BAD) * 20) as connection:
        answers = answers_on(connection)
        statuses = [next(answers).status for _ in range(40)]

    assert statuses == [202, 415] * 20


def test_who_goes_away_before_the_answer_is_forgotten(
    kafka: KafkaServer, web: Web
) -> None:
    [worker] = web.workers
    kafka.pause()
    try:
        for _ in range(20):
            web.connect(POST).close()
        assert web.status("/livez") == 200
        assert clients_of(worker) > 0, "they are held"
    finally:
        kafka.resume()

    wait_until(lambda: clients_of(worker) == 0, within_s=30, what="all closed")
    assert stores(web)


def clients_of(worker: psutil.Process) -> int:
    """Return how many connections a worker has that were made to it."""
    tcp = worker.net_connections("tcp")
    served = {one.laddr for one in tcp if one.status == psutil.CONN_LISTEN}
    return sum(one.laddr in served and bool(one.raddr) for one in tcp)


def test_who_waits_when_the_server_ends_is_answered(
    kafka: KafkaServer, tmp_path: Path
) -> None:
    with web_on(kafka, tmp_path) as web, web.connect() as connection:
        [worker] = web.workers
        kafka.pause()
        try:
            connection.sendall(POST)
            assert web.status("/livez") == 200
            web.process.terminate()
            wait_until(lambda: is_ending(web), within_s=3, what="the end's begin")
        finally:
            kafka.resume()
        answer = answer_on(connection)
        web.process.wait(30)

    assert answer.status in {202, 503}  # it took long to begin to end
    assert not worker.is_running()
