"""A closed loop over HTTP: each connection posts again as soon as it is answered.

It finds what a server can take at most; what a late answer costs its sender is the
open loop's business. One thread, raw sockets, requests made beforehand: the server has
to work harder than this does. `drive` runs it in a process of its own.
"""

import itertools
import os
import re
import selectors
import socket
import statistics
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Self

from tests.load.child import ask, serve
from tests.load.cpu import CpuMeter
from tests.load.measured import Failed

LOOPBACK = "127.0.0.1"
CLIENT = "client"
"""What the loop's own process is called in `LoopRun.cores`."""

_ANSWER_WITHIN_S = 10
_ANSWERS_MIN = 2
_RECEIVE_BYTES = 65536
_HEAD_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)


class LoopFailed(Failed):
    """The server did not answer as it should; what was measured means nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """What to do."""

    port: int
    requests: Sequence[bytes]
    """From `post`; sent in turn, again and again."""

    connections: int
    seconds: float
    warmup_s: float = 0.0
    """Before them, not measured."""

    servers: Mapping[str, int] = field(default_factory=dict)
    """Whose CPU time to measure: name → process id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopRun:
    """What came of it."""

    measured_s: float
    answers: Mapping[str, int]
    """Status → how many in the measured time."""

    all_answers: Mapping[str, int]
    """The same with those before it and after it: what a book has to balance."""

    p50_ms: float
    p99_ms: float
    cores: Mapping[str, float]
    """CPU time by wall time: of the servers, and of the loop itself."""

    @property
    def per_s(self) -> float:
        """Answers a second."""
        return sum(self.answers.values()) / self.measured_s

    @property
    def server_cores(self) -> float:
        """CPU of all servers together."""
        return sum(used for name, used in self.cores.items() if name != CLIENT)

    def only(self, status: int) -> Self:
        """Return itself if every answer had `status`.

        Raises:
            LoopFailed: If one had another: what was measured is not what was meant.
        """
        if set(self.answers) != {str(status)}:
            raise LoopFailed(f"answers other than {status}: {dict(self.answers)}")
        return self


def post(path: str, body: bytes) -> bytes:
    """Return a whole POST of JSON, as it goes over the wire."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {LOOPBACK}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def drive(loop: Loop) -> LoopRun:
    """Run the loop in a process of its own.

    Raises:
        ChildFailed: If the server closed a connection or was silent.
    """
    within_s = loop.warmup_s + loop.seconds + 6 * _ANSWER_WITHIN_S
    return ask("tests.load.closed_loop", loop, LoopRun, within_s=within_s)


class _Connection:
    """One sender: at most one request of it is on its way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection((LOOPBACK, port), _ANSWER_WITHIN_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""
        self.sent_s = 0.0

    def send(self, request: bytes) -> None:
        self.sent_s = time.perf_counter()
        self.socket.sendall(request)

    def take(self) -> str | None:
        """Read what came; return the status once the answer is whole."""
        received = self.socket.recv(_RECEIVE_BYTES)
        if not received:
            raise LoopFailed("the server closed a connection")
        self._received += received
        head_end = self._received.find(_HEAD_END)
        if head_end < 0:
            return None
        length = _LENGTH.search(self._received, 0, head_end + 2)
        if length is None:
            raise LoopFailed("an answer without Content-Length")
        if len(self._received) < head_end + len(_HEAD_END) + int(length[1]):
            return None
        status, self._received = self._received[9:12].decode(), b""
        return status


class _Senders:
    """All connections, answered as they become readable."""

    def __init__(self, loop: Loop) -> None:
        self._selector = selectors.DefaultSelector()
        self._requests = itertools.cycle(loop.requests)
        self._waiting = 0
        self.all_answers: Counter[str] = Counter()
        for _ in range(loop.connections):
            connection = _Connection(loop.port)
            self._selector.register(connection.socket, selectors.EVENT_READ, connection)

    def close(self) -> None:
        """Close all connections."""
        for key in list(self._selector.get_map().values()):
            key.data.socket.close()
        self._selector.close()

    def run(self, seconds: float) -> None:
        """Post for so long; what is answered later is awaited and not measured."""
        self.answers: Counter[str] = Counter()
        self.latencies_ms: list[float] = []
        until_s = time.perf_counter() + seconds
        for key in list(self._selector.get_map().values()):
            self._send(key.data)
        while self._waiting:
            ready = self._selector.select(_ANSWER_WITHIN_S)
            if not ready:
                raise LoopFailed(f"no answer within {_ANSWER_WITHIN_S} s")
            for key, _ in ready:
                self._take(key.data, until_s)

    def _send(self, connection: _Connection) -> None:
        connection.send(next(self._requests))
        self._waiting += 1

    def _take(self, connection: _Connection, until_s: float) -> None:
        status = connection.take()
        if status is None:
            return
        self._waiting -= 1
        self.all_answers[status] += 1
        now_s = time.perf_counter()
        if now_s < until_s:
            self.answers[status] += 1
            self.latencies_ms.append((now_s - connection.sent_s) * 1000)
            self._send(connection)


def run(loop: Loop) -> LoopRun:
    """Run the loop in this process.

    Raises:
        LoopFailed: If the server closed a connection or was silent.
    """
    with closing(_Senders(loop)) as senders:
        senders.run(loop.warmup_s)
        with CpuMeter({**loop.servers, CLIENT: os.getpid()}) as meter:
            senders.run(loop.seconds)
    if len(senders.latencies_ms) < _ANSWERS_MIN:
        raise LoopFailed(f"hardly an answer in {loop.seconds} s")
    cuts = statistics.quantiles(senders.latencies_ms, n=100, method="inclusive")
    return LoopRun(
        measured_s=loop.seconds,
        answers=senders.answers,
        all_answers=senders.all_answers,
        p50_ms=cuts[49],
        p99_ms=cuts[98],
        cores=meter.cores,
    )


if __name__ == "__main__":
    serve(Loop, run)
