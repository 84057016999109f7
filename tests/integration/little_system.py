"""A whole system in little: real brokers and workers, and counting that may err."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec

from mosquitto.acl import BRIDGE
from mosquitto.topic import CONTROL_PULSE, room_frame
from stream.auditor.ledger import Line, RoomLedger
from stream.frame import Frame, Pulse
from tests.frames import hearts
from tests.integration.front_desk import EPOCH, FrontDesk, front_desk
from tests.integration.mqtt_peer import Login, Peer
from tests.integration.processes import LOOPBACK

PULSE_EVERY_S = 0.2
BAD = "bad_emoji"


@dataclass
class Faults:
    """What it does wrong."""

    loses: str = ""
    """An emoji that is accepted and not counted."""
    counts_copies_of: str = ""
    """An emoji whose batch is counted as often as it comes."""
    hides: str = ""
    """An emoji whose loss its ledger does not show."""
    takes_nonsense: bool = False
    is_silent: bool = False
    """Whether there is no sign of life."""
    without_auditor: bool = False
    without_frames_by_http: bool = False
    refuses: str = ""
    """An emoji whose batches are answered 503."""


@dataclass
class Room:
    """What is known of a room."""

    keys: set[tuple[str, bytes]] = field(default_factory=set)
    totals: Counter[str] = field(default_factory=Counter)
    seq: int = 0
    posts: int = 0
    received: int = 0
    stored: int = 0
    repeated: int = 0
    hidden: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    def frame(self, name: str) -> Frame:
        total = self.totals.total()
        frame = hearts(total, seq=self.seq, room=name, epoch=EPOCH)
        return msgspec.structs.replace(frame, counts=self.totals, totals=self.totals)

    def ledger(self, name: str) -> RoomLedger:
        counted = self.totals.total() + self.hidden
        line = Line(
            minute_ms=None,
            posts=self.posts,
            received=self.received,
            accepted=self.stored,
            rejected=self.rejected,
            refused=self.refused,
            stored=self.stored,
            repeated=self.repeated,
            counted=counted,
            published=counted,
            difference=self.stored - self.repeated - counted,
        )
        return RoomLedger(
            room=name,
            as_of_ms=1,
            since_ms=0,
            total=counted,
            total_before=0,
            is_wrong=bool(line.difference),
            workers_lost=0,
            sum=line,
            minutes=[line],
        )


Answer = tuple[int, bytes]


class LittleSystem:
    """Answers over HTTP, and brings frames to main."""

    def __init__(self, desk: FrontDesk) -> None:
        self.url = ""
        self.desk = desk
        self.faults, self._desk = Faults(), desk
        self._rooms: dict[str, Room] = {}
        self._lock = threading.Lock()
        password = desk.credentials.passwords[BRIDGE]
        self._main = Peer(desk.main_port, Login(BRIDGE, password))

    def pulse(self) -> None:
        if not self.faults.is_silent:
            raw = Pulse(v=1, epoch=EPOCH, sent_ms=0).encode()
            with self._lock:
                self._main.publish(CONTROL_PULSE, raw)

    def get(self, path: str) -> Answer:
        faults = self.faults
        if path == "/readyz":
            return 200, b"{}"
        name, what = path.partition("?")[0].split("/")[-2:]
        with self._lock:
            room = self._rooms.get(name, Room())
            if what == "frame" and not faults.without_frames_by_http:
                return 200, room.frame(name).encode()
            if what == "ledger" and not faults.without_auditor:
                return 200, msgspec.json.encode(room.ledger(name))
        return 503, b'{"error": "no_auditor", "help": "The auditor is away."}'

    def post(self, path: str, key: str, body: bytes) -> Answer:
        if path == "/v1/clients":
            return 201, self._desk.place(json.loads(body)).encode()
        name = path.split("/")[-2]
        with self._lock:
            room = self._rooms.setdefault(name, Room())
            room.posts += 1
            try:
                taps = json.loads(body)
            except ValueError:
                return _refused(room, 400, "bad_json")
            return self._react(name, room, key, (body, taps))

    def _react(
        self, name: str, room: Room, key: str, said: tuple[bytes, list[dict[str, Any]]]
    ) -> Answer:
        body, taps = said
        good = Counter(
            tap["emoji_type"] for tap in taps if not tap["emoji_type"].isascii()
        )
        bad = len(taps) - good.total()
        room.received += len(taps)
        room.rejected[BAD] += bad
        if not good and not self.faults.takes_nonsense:
            return _refused(room, 422, "nothing_acceptable")
        if self.faults.refuses in good:
            return _refused(room, 503, "not_stored")
        room.stored += good.total()
        is_copy = (key, body) in room.keys
        room.keys.add((key, body))
        room.repeated += is_copy * good.total()
        self._count(name, room, good, is_copy=is_copy)
        rejected = [{"index": 0, "reason": BAD}] * bad
        answer = {"accepted": good.total(), "rejected": rejected}
        return 202, json.dumps(answer).encode()

    def _count(
        self, name: str, room: Room, good: Counter[str], *, is_copy: bool
    ) -> None:
        faults = self.faults
        if is_copy and faults.counts_copies_of not in good:
            return
        if faults.loses in good:
            room.hidden += good.total() * (faults.loses == faults.hides)
            return
        room.totals += good
        room.seq += 1
        raw = room.frame(name).encode()
        self._main.publish(room_frame(name), raw, retain=True)


def _refused(room: Room, status: int, label: str) -> Answer:
    room.refused[label] += 1
    return status, json.dumps({"error": label, "help": "No."}).encode()


@contextmanager
def little_system(folder: Path, *, clusters: int) -> Iterator[LittleSystem]:
    """Run it until the end of the block."""
    with front_desk(folder, clusters=clusters) as desk:
        system, ending = LittleSystem(desk), threading.Event()
        pulsing = threading.Thread(target=_pulse, args=(system, ending))
        pulsing.start()
        try:
            with _served(system) as system.url:
                yield system
        finally:
            ending.set()
            pulsing.join()


def _pulse(system: LittleSystem, ending: threading.Event) -> None:
    while not ending.wait(PULSE_EVERY_S):
        system.pulse()


@contextmanager
def _served(system: LittleSystem) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(*system.get(self.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            key = self.headers.get("Idempotency-Key", "")
            self._answer(*system.post(self.path, key, body))

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer((LOOPBACK, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://{LOOPBACK}:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
