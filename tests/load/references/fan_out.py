"""One publisher and many viewers on one connection each, in a process of its own.

MQTT 3.1.1 with packets made by hand: a client library takes longer for a message than
the broker that is measured. A frame is published when all viewers have the one before.
"""

import os
import selectors
import socket
import statistics
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass

from tests.load.child import serve
from tests.load.cpu import CpuMeter
from tests.load.measured import Failed

LOOPBACK = "127.0.0.1"
VIEWERS = "viewers"
"""What this process is called in `FannedOut.cores`."""

_SILENT_AFTER_S = 10
_WARMUP_ROUNDS = 5
_RECEIVE_BYTES = 65536
_CONNACK_BYTES, _SUBACK_BYTES = 4, 5


class BrokerFailed(Failed):
    """The broker refused something, closed a connection, or was silent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FanOut:
    """What to do."""

    port: int
    topic: str
    payload: bytes
    viewers: int
    seconds: float
    broker: int
    """Its process id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FannedOut:
    """What came of it."""

    seconds: float
    deliveries: int
    p50_ms: float
    """Publish → received, of all deliveries."""

    p99_ms: float
    cores: Mapping[str, float]


def fan_out(order: FanOut) -> FannedOut:
    """Publish frames, each to all viewers, for so long.

    Raises:
        BrokerFailed: If the broker did not do its part.
    """
    audience = _Audience(order)
    for _ in range(_WARMUP_ROUNDS):
        audience.show()
    latencies_ms: list[float] = []
    with CpuMeter({"mosquitto": order.broker, VIEWERS: os.getpid()}) as meter:
        until_s = time.perf_counter() + order.seconds
        while not latencies_ms or time.perf_counter() < until_s:
            latencies_ms += audience.show()
    cuts = statistics.quantiles(latencies_ms, n=100, method="inclusive")
    return FannedOut(
        seconds=meter.seconds,
        deliveries=len(latencies_ms),
        p50_ms=cuts[49],
        p99_ms=cuts[98],
        cores=meter.cores,
    )


class _Audience:
    """The publisher's connection and those of the viewers."""

    def __init__(self, order: FanOut) -> None:
        self._packet = _packet(0x30, _text(order.topic) + order.payload)
        self._selector = selectors.DefaultSelector()
        self._publisher = _connect(order.port, "publisher")
        self._viewers = [
            _connect(order.port, f"viewer-{number}") for number in range(order.viewers)
        ]
        for viewer in self._viewers:
            _subscribe(viewer, order.topic)
            self._selector.register(viewer, selectors.EVENT_READ)

    def show(self) -> list[float]:
        """Publish a frame; return how many ms it took to each viewer."""
        missing = {viewer.fileno(): len(self._packet) for viewer in self._viewers}
        latencies_ms = []
        started_s = time.perf_counter()
        self._publisher.sendall(self._packet)
        while missing:
            ready = self._selector.select(_SILENT_AFTER_S)
            if not ready:
                raise BrokerFailed(f"{len(missing)} viewers got nothing")
            for key, _ in ready:
                missing[key.fd] -= _received(key.fd)
                if not missing[key.fd]:
                    del missing[key.fd]
                    latencies_ms.append((time.perf_counter() - started_s) * 1000)
        return latencies_ms


def _received(descriptor: int) -> int:
    received = len(os.read(descriptor, _RECEIVE_BYTES))
    if not received:
        raise BrokerFailed("it closed a viewer's connection")
    return received


def _connect(port: int, client_id: str) -> socket.socket:
    connection = socket.create_connection((LOOPBACK, port), _SILENT_AFTER_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    clean_session, keep_alive_s = 0x02, 0
    head = _text("MQTT") + struct.pack("!BBH", 4, clean_session, keep_alive_s)
    connection.sendall(_packet(0x10, head + _text(client_id)))
    _expect(connection, _CONNACK_BYTES)
    return connection


def _subscribe(connection: socket.socket, topic: str) -> None:
    packet_id, qos = 1, 0
    body = struct.pack("!H", packet_id) + _text(topic) + bytes([qos])
    connection.sendall(_packet(0x82, body))
    _expect(connection, _SUBACK_BYTES)


def _expect(connection: socket.socket, size: int) -> None:
    """Take an answer whose last byte is 0 where nothing is refused."""
    answer = connection.recv(size, socket.MSG_WAITALL)
    if len(answer) != size or answer[-1]:
        raise BrokerFailed(f"it refused: {answer.hex()}")


def _packet(kind: int, body: bytes) -> bytes:
    length, left = bytearray(), len(body)
    while True:
        left, digit = divmod(left, 128)
        length.append(digit | (0x80 if left else 0))
        if not left:
            return bytes([kind]) + bytes(length) + body


def _text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("!H", len(raw)) + raw


if __name__ == "__main__":
    serve(FanOut, fan_out)
