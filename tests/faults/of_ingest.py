"""Faults of ingest: gunicorn's worker and master, and senders that vanish.

On one machine ingest is a part of the process `web`.
"""

import signal
import socket
import struct
import time
from contextlib import ExitStack

import psutil

from tests.faults.blows import Victim, has_ended, kill, processes_of
from tests.faults.fault import Done, Fault
from tests.faults.scene import Scene
from tests.integration.processes import LOOPBACK

WEB = "web"

VANISHING = 80
"""Senders who never end their sentence: far more than there are threads."""

_REACTION = '{"user_id": "ghost", "emoji_type": "👻", "timestamp": 0}'
"""Nobody else sends this one: of a body that was half sent it would show."""

_RESET = struct.pack("ii", 1, 0)
_CONNECTED_WITHIN_S = 10.0


def kill_worker(scene: Scene) -> Done:
    """Kill one of gunicorn's workers."""
    _, workers = master_and_workers(scene)
    return kill(Victim([scene.chance.choice(workers)]))


def kill_master(scene: Scene) -> Done:
    """Kill gunicorn's master: its workers find that out by themselves."""
    master, _ = master_and_workers(scene)
    return kill(Victim([master]))


def restart_workers(scene: Scene) -> Done:
    """Have gunicorn put new workers in the places of the old ones."""
    master, before = master_and_workers(scene)
    began_s = time.monotonic()
    master.send_signal(signal.SIGHUP)
    scene.wait_for(lambda: all(map(has_ended, before)), "the old workers' end")
    return Done(began_s, began_s)


def end_master(scene: Scene) -> Done:
    """Tell gunicorn to end, though nobody wants it to."""
    master, _ = master_and_workers(scene)
    began_s = time.monotonic()
    master.terminate()
    return Done(began_s, began_s)


def vanish(scene: Scene) -> Done:
    """Have many senders break off at once, in all the ways there are."""
    began_s = time.monotonic()
    with ExitStack() as everybody:
        for number in range(VANISHING):
            room = scene.chance.choice(scene.senders.rooms)
            sock = _connected(scene.stack.http_port, cut_off(room, number))
            if number // len(_CUTS) % 2:  # without a word, as a lost network
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            everybody.enter_context(sock)
        time.sleep(scene.chance.uniform(0, 1))
    return Done(began_s, time.monotonic(), note=f"{VANISHING} senders")


def kill_sender(scene: Scene) -> Done:
    """Kill one of those who react, whatever it is just writing."""
    began_s = time.monotonic()
    scene.senders.kill_one()
    return Done(began_s, began_s)


def cut_off(room: str, number: int) -> bytes:
    """Return a part of a POST of two reactions, cut elsewhere for each `number`."""
    return _CUTS[number % len(_CUTS)](room, number)


def master_and_workers(scene: Scene) -> tuple[psutil.Process, list[psutil.Process]]:
    """Return gunicorn's processes, once it has workers."""
    scene.wait_for(lambda: len(processes_of(scene, WEB)) > 1, "a worker of web")
    master, *workers = processes_of(scene, WEB)
    return master, workers


def _connected(port: int, words: bytes) -> socket.socket:
    sock = socket.create_connection((LOOPBACK, port), _CONNECTED_WITHIN_S)
    sock.sendall(words)
    return sock


def _request(room: str, number: int, *, missing: int = 0) -> bytes:
    """Return a whole POST, or one that promises more bytes than it has."""
    body = f"[{_REACTION}, {_REACTION}]".encode()
    head = (
        f"POST /v1/rooms/{room}/reactions HTTP/1.1\r\nHost: {LOOPBACK}\r\n"
        f"Content-Type: application/json\r\nIdempotency-Key: ghost-{number}\r\n"
        f"Content-Length: {len(body) + missing}\r\n\r\n"
    )
    return head.encode() + body


def _in_its_head(room: str, number: int) -> bytes:
    return _request(room, number).partition(b"Content-Length")[0]


def _in_its_body(room: str, number: int) -> bytes:
    return _request(room, number).partition(b"}, {")[0] + b"}"


def _before_its_last_byte(room: str, number: int) -> bytes:
    return _request(room, number)[:-1]


def _though_it_reads_well(room: str, number: int) -> bytes:
    return _request(room, number, missing=1)


_CUTS = (_in_its_head, _in_its_body, _before_its_last_byte, _though_it_reads_well)

FAULTS = (
    Fault("ingest", "kill -9 of a worker", kill_worker, is_main=True),
    Fault("ingest", "kill -9 of the master", kill_master),
    Fault("ingest", "rolling restart", restart_workers),
    Fault("ingest", "SIGTERM under load", end_master),
    Fault("ingest", f"{VANISHING} senders vanish mid-body", vanish),
    Fault("ingest", "kill -9 of a sender", kill_sender, kills_senders=True),
)
