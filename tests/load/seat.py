"""A member of the audience: one connection, from CONNECT to the last frame."""

import random
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from clients.crowd import packets
from tests.load.attendance import Member, Relayed
from tests.load.frame import BRIDGE_TIME, WORKER_TIME, Frame
from tests.load.measured import Failed

KEEPALIVE_S = 60
JOIN_AGAIN_AFTER_S = (1.0, 2.0)
"""Where no assignment comes: at random within these."""

_PING_EVERY_S = KEEPALIVE_S / 3
_RENEW_FROM, _RENEW_TO = 0.5, 0.8
"""Parts of a lease after which the next join is sent."""

_CONNECTS_WITHIN_S = 20
_RECEIVE_BYTES = 65536
_SO_TIMESTAMPNS = 35
"""Of asm-generic; Python does not name it."""

_TIMESPEC = struct.Struct("qq")
_TOLD_BYTES = socket.CMSG_SPACE(_TIMESPEC.size)
_SUBSCRIPTION, _FIRST_JOIN, _LAST_ID = 1, 2, 65535


class NoSeat(Failed):
    """A member was not let in, or put out; the text says by what."""


class Broker(msgspec.Struct, frozen=True):
    """Where a cluster's clients connect."""

    host: str
    port: int


class Place(msgspec.Struct, frozen=True):
    """What registering answers."""

    client_id: str
    brokers: tuple[Broker, ...]
    topic: str


class Assignment(msgspec.Struct, frozen=True):
    """What joining answers."""

    topic: str = ""
    lease_s: float = 0.0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A place, and where it is taken."""

    place: Place
    broker: Broker
    room: str


class Seat:
    """Joins and keeps what it gets; its owner reads from its socket and tells it."""

    def __init__(self, ticket: Ticket, now_s: float) -> None:
        """Connect.

        Raises:
            OSError: If the broker does not take the connection.
        """
        self._ticket, self._client_id = ticket, ticket.place.client_id
        self._answers = f"clients/{self._client_id}/assignment"
        self._inbox = bytearray()
        self._got: list[Relayed] = []
        self._packet_id = _FIRST_JOIN
        self._ping_s = now_s + random.uniform(0, _PING_EVERY_S)
        self._join_s = float("inf")
        self.is_taken = False
        """Whether it was ever assigned."""
        broker = ticket.broker
        self.socket = socket.create_connection(
            (broker.host, broker.port), _CONNECTS_WITHIN_S
        )
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        will = f"clients/{self._client_id}/leave"
        self._send(
            packets.connect(self._client_id, keepalive_s=KEEPALIVE_S, will_topic=will)
        )

    def tick(self, now_s: float) -> None:
        """Do what is due."""
        if now_s >= self._ping_s:
            self._ping_s = now_s + _PING_EVERY_S
            self._send(packets.PINGREQ)
        if now_s >= self._join_s:
            self._join_s = now_s + random.uniform(*JOIN_AGAIN_AFTER_S)
            self._join()

    def receive(self, now_s: float) -> None:
        """Read what has come.

        Args:
            now_s: Seconds of the clock that `tick` is told.

        Raises:
            NoSeat: If the broker or a worker says no, or the broker has gone.
        """
        try:
            data, told, *_ = self.socket.recvmsg(_RECEIVE_BYTES, _TOLD_BYTES)
        except OSError as error:
            raise self._refused(str(error)) from error
        if not data:
            raise self._refused("the broker closed the connection")
        arrived_s = _arrived_s(told)
        self._inbox += data
        for first, body in packets.whole(self._inbox):
            kind = first >> 4
            if kind == packets.PUBLISH:
                self._read(packets.publication(first, body), arrived_s, now_s)
            elif packets.reason(kind, body) >= packets.REFUSED_FROM:
                raise self._refused(f"packet {kind} says {body.hex()}")
            elif kind == packets.CONNACK:
                topics = {self._answers: 1, self._ticket.place.topic: 0}
                self._send(packets.subscribe(_SUBSCRIPTION, topics))
            elif kind == packets.SUBACK:
                self._join_s = now_s

    def member(self) -> Member:
        """Return what it got."""
        broker = self._ticket.broker
        cluster = f"{broker.host}:{broker.port}"
        return Member(cluster, self._ticket.room, tuple(self._got))

    def _join(self) -> None:
        wish = msgspec.json.encode({"room": self._ticket.room, "profile": "full"})
        topic = f"clients/{self._client_id}/join"
        self._send(packets.publish(self._packet_id, topic, wish))
        self._packet_id = self._packet_id % _LAST_ID + 1

    def _read(
        self, message: packets.Publication, arrived_s: float, now_s: float
    ) -> None:
        if message.packet_id is not None:
            self._send(packets.puback(message.packet_id))
        if message.topic == self._answers:
            self._assigned(msgspec.json.decode(message.payload, type=Assignment), now_s)
        elif message.payload:  # none: the worker takes away what was kept
            self._got += _relayed(message, arrived_s)

    def _assigned(self, answer: Assignment, now_s: float) -> None:
        if answer.error or answer.topic != self._ticket.place.topic:
            raise self._refused(f"joining is answered {answer}")
        self.is_taken = True
        self._join_s = now_s + random.uniform(_RENEW_FROM, _RENEW_TO) * answer.lease_s

    def _send(self, packet: bytes) -> None:
        try:
            self.socket.sendall(packet)
        except OSError as error:
            raise self._refused(str(error)) from error

    def _refused(self, why: str) -> NoSeat:
        broker = self._ticket.broker
        return NoSeat(f"{self._client_id} at {broker.host}:{broker.port}: {why}")


def _arrived_s(told: Sequence[tuple[int, int, bytes]]) -> float:
    """Return when the last byte came, in seconds since the epoch."""
    for level, kind, raw in told:
        if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS):
            seconds, nanoseconds = _TIMESPEC.unpack(raw)
            return float(seconds + nanoseconds / 1e9)
    return time.time()


def _relayed(message: packets.Publication, arrived_s: float) -> Iterator[Relayed]:
    frame = Frame.decode(message.payload)
    worker_s = int(message.named[WORKER_TIME]) / 1000
    bridge_ms = message.named.get(BRIDGE_TIME)
    bridged_s = int(bridge_ms) / 1000 if bridge_ms else frame.made_s
    yield Relayed(frame.name, frame.total, frame.made_s, bridged_s, worker_s, arrived_s)
