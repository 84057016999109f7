"""The web process: a real gunicorn, without a Kafka."""

import os
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from compose.web import GRACE_S
from tests.integration.processes import end, free_port, spawn, wait_until

START_WITHIN_S = 30
STOP_WITHIN_S = 5
BODY_MAX_SENT = 64 * 1024 * 1024
"""Far more than lies in socket buffers."""


class Web:
    """`python -m compose.web` with two workers."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.log = folder / "web.log"
        settings = {
            "STATE_DIR": folder / "state",
            "HTTP_PORT": self.port,
            "WEB_WORKERS": 2,
            "KAFKA_SERVERS": f"127.0.0.1:{free_port()}",
        }
        own = {f"EMOSTREAM_{name}": str(value) for name, value in settings.items()}
        self.process: subprocess.Popen[bytes] = spawn(
            [sys.executable, "-m", "compose.web"], self.log, {**os.environ, **own}
        )

    @property
    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", trust_env=False)

    def status(self, path: str) -> int:
        with self.client() as client:
            return client.get(path).status_code

    def lives(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.status("/livez") == 200
        except httpx.TransportError:
            return False

    def post_nonsense(self, times: int) -> None:
        """Post it over as many connections, so that any worker may take them."""
        for _ in range(times):
            with self.client() as client:
                assert client.post("/v1/reactions", json=[]).status_code == 422

    def counted_nonsense(self) -> float:
        with self.client() as client:
            lines = client.get("/metrics").text.splitlines()
        name = 'ingest_refused_total{error="nothing_acceptable"} '
        counts = [line for line in lines if line.startswith(name)]
        return float(counts[0].removeprefix(name)) if counts else 0


@contextmanager
def running(folder: Path) -> Iterator[Web]:
    web = Web(folder)
    try:
        wait_until(web.lives, within_s=START_WITHIN_S, what="web")
        yield web
    except BaseException:
        print(web.log.read_text())
        raise
    finally:
        end(web.process, within_s=STOP_WITHIN_S)


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    with running(tmp_path_factory.mktemp("web")) as web:
        wait_until(lambda: len(web.workers) == 2, within_s=10, what="two workers")
        yield web


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
            sender.sendall(chunk)
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
    before = web.counted_nonsense()
    for other in web.workers:
        other.suspend()  # so that the posts go to the one that is left
        try:
            web.post_nonsense(3)
        finally:
            other.resume()

    assert web.counted_nonsense() == before + 6


def test_a_killed_worker_is_replaced_and_its_counts_stay(web: Web) -> None:
    web.post_nonsense(4)
    before, killed = web.counted_nonsense(), web.workers[0]
    killed.kill()
    wait_until(
        lambda: len(web.workers) == 2 and killed not in web.workers,
        within_s=10,
        what="a new worker",
    )
    wait_until(web.lives, within_s=START_WITHIN_S, what="web")

    assert web.counted_nonsense() >= before


def test_it_ends_without_waiting_for_an_idle_connection(tmp_path: Path) -> None:
    with running(tmp_path) as web, web.client() as client:
        client.get("/livez")
        web.process.terminate()
        code = web.process.wait(GRACE_S)  # gunicorn alone waits all of it
        log = web.log.read_text()

    assert code == 0
    assert " INFO gunicorn.error " in log
