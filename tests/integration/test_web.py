"""The web process: a real gunicorn, without a Kafka or a broker."""

import os
import select
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from compose.web.server import GRACE_S
from tests.integration.processes import wait_until
from tests.integration.web_process import START_WITHIN_S, Web, running

BODY_MAX_SENT = 64 * 1024 * 1024
"""Far more than lies in socket buffers."""


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    with running(tmp_path_factory.mktemp("web"), WEB_WORKERS=2) as web:
        wait_until(lambda: len(web.workers) == 2, within_s=10, what="two workers")
        yield web


def post_nonsense(web: Web, times: int) -> None:
    """Post it over as many connections, so that any worker may take them."""
    for _ in range(times):
        with web.client() as client:
            assert client.post("/v1/reactions", json=[]).status_code == 422


def test_a_connection_serves_many_requests(web: Web) -> None:
    ports = set()
    with web.client() as client:
        for _ in range(5):
            answer = client.get("/livez")
            ports.add(answer.extensions["network_stream"].get_extra_info("client_addr"))

    assert len(ports) == 1


def test_without_kafka_nothing_is_stored_and_nothing_is_late(web: Web) -> None:
    good = {"user_id": "u", "emoji_type": "❤️", "timestamp": 1}
    with web.client() as client:
        answer = client.post("/v1/reactions", json=good, timeout=5)

    assert answer.status_code == 503
    assert answer.json()["error"] in {"not_stored", "unknown"}
    assert web.status("/readyz") == 503
    assert web.status("/livez") == 200


def test_a_body_without_end_is_refused_while_it_comes(web: Web) -> None:
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    with socket.create_connection(("127.0.0.1", web.port), timeout=10) as sender:
        sender.sendall(
            b"POST /v1/reactions HTTP/1.1\r\nHost: x\r\n"
            b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        sent = 0
        while not select.select([sender], [], [], 0)[0]:
            try:
                sender.sendall(chunk)
            except (BrokenPipeError, ConnectionResetError):
                break  # cut off while it sent; the answer is there all the same
            sent += len(chunk)
            assert sent < BODY_MAX_SENT, "it is still being read"
        assert b" 411 " in sender.recv(100)


def test_a_chunked_body_is_refused(web: Web) -> None:
    def body() -> Iterator[bytes]:
        yield b"[]"

    with web.client() as client:
        answer = client.post("/v1/reactions", content=body())
        after = client.get("/livez")

    assert answer.status_code == 411
    assert answer.json()["error"] == "length_required"
    assert after.status_code == 200


def test_each_worker_has_a_core(web: Web) -> None:
    cores = [os.sched_getaffinity(worker.pid) for worker in web.workers]

    assert [len(own) for own in cores] == [1, 1]
    assert len(set.union(*cores)) == min(2, len(os.sched_getaffinity(0)))


def test_the_metrics_of_all_workers_add_up(web: Web) -> None:
    before = web.counted("nothing_acceptable")
    for other in web.workers:
        other.suspend()  # so that the posts go to the one that is left
        try:
            post_nonsense(web, 3)
        finally:
            other.resume()

    assert web.counted("nothing_acceptable") == before + 6


def test_a_killed_worker_is_replaced_and_its_counts_stay(web: Web) -> None:
    post_nonsense(web, 4)
    before, killed = web.counted("nothing_acceptable"), web.workers[0]
    killed.kill()
    wait_until(
        lambda: len(web.workers) == 2 and killed not in web.workers,
        within_s=10,
        what="a new worker",
    )
    wait_until(web.lives, within_s=START_WITHIN_S, what="web")

    assert web.counted("nothing_acceptable") >= before


def test_it_ends_without_waiting_for_an_idle_connection(tmp_path: Path) -> None:
    with running(tmp_path) as web, web.client() as client:
        client.get("/livez")
        web.process.terminate()
        code = web.process.wait(GRACE_S)  # gunicorn alone waits all of it
        log = web.log.read_text()

    assert code == 0
    assert " INFO gunicorn.error " in log
