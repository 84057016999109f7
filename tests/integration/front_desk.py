"""What a registered client meets: a server that gives places, brokers and workers."""

import itertools
import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from clients.place import Place
from clients.worker.__main__ import wired
from clients.worker.wire import BrokerAddress
from compose.brokers import cluster_names
from mosquitto.acl import BRIDGE
from mosquitto.placement import slot_of
from mosquitto.topic import CONTROL_PULSE, relay, room_frame
from stream.frame import Frame, Pulse
from tests.frames import hearts
from tests.integration.broker import Brokers, brokers
from tests.integration.mqtt_peer import Login, Peer
from tests.integration.processes import LOOPBACK, wait_until

EPOCH = "2026-11-20T18:00:00.000Z"
SOON_S = 30


def frame(seq: int, room: str = "final") -> Frame:
    return hearts(seq, seq=seq, room=room, epoch=EPOCH, start_ms=2000 * seq)


class InProcessWorker:
    """A worker in a thread of this process."""

    def __init__(self, running: Brokers, cluster: str, name: str) -> None:
        self._link, self._worker = wired(running.settings, cluster, name)
        self._ending = False
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def stop(self) -> None:
        self._ending = True
        self._thread.join(SOON_S)

    def _serve(self) -> None:
        for event in self._link.events():
            self._worker.take(event)
            if self._ending:
                self._worker.close()
            if self._worker.is_done:
                break
        self._link.close()


class FrontDesk:
    """The server, and all that is behind it."""

    def __init__(self, running: Brokers, url: str) -> None:
        self.url = url
        self.main_port = running.settings.main_port
        self.clusters = running.clusters
        self.credentials = running.credentials
        self.refusals: deque[tuple[int, dict[str, str]]] = deque()
        """What is answered before a place is given."""
        self.places: list[Place] = []
        self.asked: list[dict[str, str]] = []
        self.reactions: list[dict[str, Any]] = []
        self.workers: list[InProcessWorker] = []
        self.order: list[int] = [*range(len(running.clusters))]
        self._running = running
        self._numbers = itertools.count(1)
        self._bridge: Peer | None = None

    def start_workers(self) -> None:
        names = cluster_names(self._running.settings)
        self.workers = [
            InProcessWorker(self._running, name, "worker-1") for name in names
        ]

    def stop_workers(self) -> None:
        for worker in self.workers:
            worker.stop()
        self.workers = []

    def place(self, asked: dict[str, str]) -> Place:
        client_id = f"client-{next(self._numbers)}"
        slot = slot_of(client_id)
        told = [
            BrokerAddress(LOOPBACK, self.clusters[number].port, 1)
            for number in self.order
        ]
        place = Place(
            client_id=client_id,
            brokers=tuple(told),
            slot=slot,
            topic=relay(slot, asked["room"], asked["profile"]),
            spread_s=0.2,
        )
        self.places.append(place)
        return place

    def play(self, seq: int) -> None:
        """Bring a frame and a pulse to main, as the bridge does."""
        if self._bridge is None:
            password = self._running.credentials.passwords[BRIDGE]
            port = self._running.settings.main_port
            self._bridge = Peer(port, Login(BRIDGE, password))
        self._bridge.publish(room_frame("final"), frame(seq).encode(), retain=True)
        self.pulse()

    def pulse(self) -> None:
        assert self._bridge
        pulse = Pulse(v=1, epoch=EPOCH, sent_ms=0).encode()
        self._bridge.publish(CONTROL_PULSE, pulse)


@contextmanager
def front_desk(folder: Path, *, clusters: int) -> Iterator[FrontDesk]:
    """Run a server, brokers and a worker for each of them."""
    with brokers(folder, clusters=clusters) as running, _served(running) as desk:
        desk.start_workers()
        try:
            yield desk
        finally:
            desk.stop_workers()


@contextmanager
def _served(running: Brokers) -> Iterator[FrontDesk]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path == "/v1/clients":
                self._register(body)
            else:
                desk.reactions += body
                self._answer(202, json.dumps({"accepted": len(body)}).encode())

        def _register(self, asked: dict[str, str]) -> None:
            desk.asked.append(asked)
            if desk.refusals:
                status, refusal = desk.refusals.popleft()
                self._answer(status, json.dumps(refusal).encode())
            else:
                self._answer(201, desk.place(asked).encode())

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer((LOOPBACK, 0), Handler) as server:
        desk = FrontDesk(running, f"http://{LOOPBACK}:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield desk
        finally:
            server.shutdown()
            thread.join()


def soon(ready: object, what: str) -> None:
    """Wait for a condition, given as a function."""
    assert callable(ready)
    wait_until(ready, within_s=SOON_S, what=what)
