"""A real web process, and raw connections to it."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from http import HTTPStatus
from http.client import parse_headers
from pathlib import Path

import httpx
import psutil
from prometheus_client.parser import text_string_to_metric_families

from compose.credentials import Credentials
from mosquitto.acl import WEB
from tests.integration.processes import LOOPBACK, end, free_port, spawn, wait_until

START_WITHIN_S = 120
STOP_WITHIN_S = 5
ANSWER_WITHIN_S = 30


class Web:
    """The web process, without a Kafka or a broker unless they are named."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.port = free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.log = folder / "web.log"
        settings = {
            "STATE_DIR": folder / "state",
            "HTTP_PORT": self.port,
            "KAFKA_SERVERS": f"{LOOPBACK}:{free_port()}",
            "MAIN_PORT": free_port(),
            "AUDITOR_PORT": free_port(),
            **settings,
        }
        Credentials.load_or_make(folder / "state", [WEB])
        own = {f"EMOSTREAM_{name}": str(value) for name, value in settings.items()}
        self.process: subprocess.Popen[bytes] = spawn(
            [sys.executable, "-m", "compose.web.server"],
            self.log,
            {**os.environ, **own},
        )

    @property
    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, trust_env=False)

    def connect(self, *sent: bytes) -> socket.socket:
        """Return a connection on which these bytes were sent."""
        connection = socket.create_connection((LOOPBACK, self.port), ANSWER_WITHIN_S)
        for data in sent:
            connection.sendall(data)
        return connection

    def status(self, path: str) -> int:
        with self.client() as client:
            return client.get(path).status_code

    def lives(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.status("/livez") == 200
        except httpx.TransportError:
            return False

    def counted(self, label: str) -> float:
        """Return how often the metrics say that this was refused."""
        return self.sample("ingest_refused_total", error=label)

    def sample(self, metric: str, **labels: str) -> float:
        """Return what a metric says; 0 if it is not shown yet."""
        with self.client() as client:
            answer = client.get("/metrics")
        assert answer.status_code == HTTPStatus.OK, self.log.read_text()
        samples = [
            sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
            if (sample.name, sample.labels) == (metric, labels)
        ]
        return sum(samples)


@contextmanager
def running(folder: Path, **settings: object) -> Iterator[Web]:
    """Start a web process; its log is printed if what is done with it fails."""
    web = Web(folder, **settings)
    try:
        wait_until(web.lives, within_s=START_WITHIN_S, what="web")
        yield web
    except BaseException:
        print(web.log.read_text())
        raise
    finally:
        end(web.process, within_s=STOP_WITHIN_S)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Message
    body: bytes

    @property
    def label(self) -> str:
        """What a refusal is called."""
        return str(json.loads(self.body)["error"])

    @property
    def refusal(self) -> tuple[int, str]:
        """What a refusal says."""
        return self.status, self.label


def answers_on(connection: socket.socket) -> Generator[Answer, None, None]:
    """Return the answers on a connection as they come, until it ends."""
    with connection.makefile("rb") as file:
        while line := file.readline():
            status, headers = int(line.split()[1]), parse_headers(file)
            if status != HTTPStatus.CONTINUE:
                body = file.read(int(headers["Content-Length"]))
                yield Answer(status, headers, body)


def answer_on(connection: socket.socket) -> Answer:
    """Return the one answer that comes next."""
    return next(answers_on(connection))
