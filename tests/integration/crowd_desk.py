"""What a crowd meets: a server that gives places and counts, brokers, real workers."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from clients.place import Place
from clients.worker.wire import BrokerAddress
from mosquitto.placement import slot_of
from mosquitto.topic import relay
from stream.auditor.ledger import Line
from stream.frame import Times
from tests.frames import hearts
from tests.integration.fleet import Fleet, fleet
from tests.integration.processes import LOOPBACK
from tests.ledgers import ledger, overview

FRAME_EVERY_S = 0.25
EPOCH = "2026-11-20T18:00:00.000Z"


class CrowdDesk:
    """The server, all behind it, and a stream that counts as soon as it is told."""

    def __init__(self, running: Fleet, room: str) -> None:
        self.fleet, self.room = running, room
        self.url = ""
        self.total = 0
        self.keys: Counter[str] = Counter()
        self.users: Counter[str] = Counter()
        self.reactions: list[dict[str, Any]] = []
        self.keeps_s = 0.0
        """How long answers to reactions are kept back."""
        self.counted = 1.0
        """Which part of what is accepted is counted."""
        self.refuses = 0
        """So many batches are answered 422."""
        self.breaks = 0
        """So many batches are stored and answered 503 at first."""
        self.places: tuple[int, dict[str, str]] | None = None
        """What is answered to who registers; None gives places."""
        self.stored = self.repeated = 0
        """Reactions, as its ledger has them."""
        self.has_ledger = True
        self.closed: set[int] = set()
        """Ports of brokers where no places are given any more."""
        self._lock = threading.Lock()
        self._numbers = 0
        self._seq = 0
        self._shown: int | None = None

    def place(self, asked: dict[str, str]) -> Place:
        with self._lock:
            self._numbers += 1
            number = self._numbers
        client_id = f"client-{number}"
        slot = slot_of(client_id)
        ports = [port for port in self.fleet.ports if port not in self.closed]
        first = number % len(ports)
        return Place(
            client_id=client_id,
            brokers=tuple(
                BrokerAddress(LOOPBACK, port, 1)
                for port in ports[first:] + ports[:first]
            ),
            slot=slot,
            topic=relay(slot, asked["room"], asked["profile"]),
            spread_s=0.2,
        )

    def take(self, key: str, body: list[dict[str, Any]]) -> tuple[int, dict[str, Any]]:
        """Count a batch, once; return the answer."""
        time.sleep(self.keeps_s)
        with self._lock:
            self.keys[key] += 1
            if self.refuses:
                self.refuses -= 1
                return 422, {"error": "nothing_acceptable"}
            self.stored += len(body)
            self.repeated += len(body) if self.keys[key] > 1 else 0
            if self.keys[key] == 1:
                self.total += round(len(body) * self.counted)
                self.reactions += body
                self.users.update(one["user_id"] for one in body)
                if self.breaks:
                    self.breaks -= 1
                    return 503, {"error": "unknown"}
            return 202, {"accepted": len(body), "rejected": []}

    def ledger(self, path: str) -> tuple[int, bytes]:
        """Answer who asks for the books."""
        if not self.has_ledger:
            return 503, b'{"error": "no_auditor", "help": "The auditor is away."}'
        if path.startswith("/v1/ledger"):
            return 200, msgspec.json.encode(overview())
        with self._lock:
            line = Line(
                minute_ms=None,
                stored=self.stored,
                repeated=self.repeated,
                counted=self.total,
                difference=self.stored - self.repeated - self.total,
            )
        return 200, msgspec.json.encode(replace(ledger(self.room), sum=line))

    def show(self) -> None:
        """Bring the newest total to main, if it is new."""
        with self._lock:
            if self.total == self._shown:
                return
            self._shown, self._seq = self.total, self._seq + 1
            frame = hearts(
                self.total,
                seq=self._seq,
                room=self.room,
                epoch=EPOCH,
                start_ms=2000 * self._seq,
            )
        made_ms = time.time_ns() // 1_000_000
        self.fleet.play(replace(frame, times=Times(made_ms, made_ms)))


@contextmanager
def crowd_desk(
    folder: Path, *, clusters: int = 2, workers: int = 2, room: str = "final"
) -> Iterator[CrowdDesk]:
    """Run everything; frames are shown while the total changes."""
    with fleet(folder, clusters=clusters, workers=workers) as running:
        desk = CrowdDesk(running, room)
        with _served(desk), _shown(desk):
            yield desk


@contextmanager
def _shown(desk: CrowdDesk) -> Iterator[None]:
    ending = threading.Event()

    def show() -> None:
        while not ending.wait(FRAME_EVERY_S):
            desk.show()

    thread = threading.Thread(target=show)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


@contextmanager
def _served(desk: CrowdDesk) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path == "/v1/clients" and desk.places:
                self._answer(desk.places[0], json.dumps(desk.places[1]).encode())
            elif self.path == "/v1/clients":
                self._answer(201, desk.place(body).encode())
            else:
                status, said = desk.take(self.headers["Idempotency-Key"], body)
                self._answer(status, json.dumps(said).encode())

        def do_GET(self) -> None:
            if "/ledger" in self.path:
                self._answer(*desk.ledger(self.path))
            elif desk.total:
                self._answer(200, json.dumps({"total": desk.total}).encode())
            else:
                self._answer(404, b'{"error": "no_frame"}')

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with Server((LOOPBACK, 0), Handler) as server:
        desk.url = f"http://{LOOPBACK}:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512
