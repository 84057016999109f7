"""A client's connections to one broker after the other, without ever waiting.

What is done and when is decided elsewhere; here it is carried out. Frames take a
short way: they are all but the same for everybody.
"""

import random

from clients.crowd import packets
from clients.crowd.connection import Connection, Gone
from clients.crowd.packets import BadPacket
from clients.crowd.relayed import Copy
from clients.crowd.roles import Loop, Owner
from clients.event import CaughtUp, Connected, Lost, Message, Tick
from clients.parcel import Parcel
from clients.received import Unreadable, read
from clients.steps import Action, Connect, Disconnect, Follow, Publish
from mosquitto import topic

KEEPALIVE_S = 30
_PING_EVERY_S = 12.0
_SILENT_MAX_S = 30.0
"""A broker that does not even answer a ping for so long hangs."""

_LAST_ID = 65535
_PUBLISH = 0x30 >> 1


class Leg:
    """Takes events, carries out what is to be done."""

    __slots__ = (
        "_answers",
        "_connection",
        "_follow_id",
        "_heard_s",
        "_inbox",
        "_leave",
        "_loop",
        "_owner",
        "_packet_id",
        "_ping_s",
        "_relay",
        "cluster",
        "is_followed",
        "number",
    )

    def __init__(self, number: int, owner: Owner, loop: Loop) -> None:
        self.number = number
        self._owner, self._loop = owner, loop
        self._connection: Connection | None = None
        self._inbox = bytearray()
        self._leave, self._answers = Parcel(""), ""
        self._packet_id = self._follow_id = 0
        self._ping_s = self._heard_s = 0.0
        self._relay = b"\xff"
        """How a frame's PUBLISH begins, after its length."""
        self.cluster = ""
        self.is_followed = False

    def tick(self) -> None:
        """Let time pass."""
        now_s = self._loop.now_s
        if self._connection and now_s >= self._ping_s:
            self._ping_s = now_s + _PING_EVERY_S
            self._send(packets.PINGREQ)
        if self._connection and now_s - self._heard_s > _SILENT_MAX_S:
            self._broken("the broker is silent")
        self._owner.take(self.number, Tick(now_s))

    def message(self, copy: Copy, *, retained: bool) -> Message:
        """Return a frame as an event, as if it came now."""
        place = self._relay[2:].decode()
        return Message(
            at_s=self._loop.now_s,
            topic=place,
            payload=copy.payload,
            retained=retained,
            bridge_ms=None,
            here_ms=0,
            spread_s=copy.spread_s,
        )

    def leave(self) -> None:
        """Take leave of the broker."""
        self._hang_up(politely=True)

    def writable(self) -> bool:
        """Send what there is room for; return whether that was not enough."""
        if self._connection:
            try:
                self._connection.flush()
            except Gone as gone:
                self._broken(str(gone))
        return self._connection is not None and self._connection.has_unsent

    def receive(self, wall_s: float) -> None:
        """Read what has come.

        Args:
            wall_s: What the clock on the wall shows, where the kernel says nothing.
        """
        if self._connection is None:
            return
        try:
            data, arrived_s = self._connection.receive()
        except Gone as gone:
            self._broken(str(gone))
            return
        if not data:
            return
        self._heard_s = self._loop.now_s
        if arrived_s is None:
            arrived_s = wall_s
        if self._inbox or not self._is_frame_alone(data, arrived_s):
            self._inbox += data
            self._read_packets(arrived_s)

    def _is_frame_alone(self, data: bytes, arrived_s: float) -> bool:
        """Take a frame if these bytes are just that: nearly always."""
        at = packets.lone(data)
        if at is None or data[0] >> 1 != _PUBLISH:
            return False
        if not data.startswith(self._relay, at):
            return False
        self._read_frame(data[0], data[at:], arrived_s)
        return True

    def _read_packets(self, arrived_s: float) -> None:
        try:
            for first, body in packets.whole(self._inbox):
                self._read(first, body, arrived_s)
                if self._connection is None:
                    return  # by what it said
        except (BadPacket, Unreadable) as error:
            self._broken(str(error))

    def _read(self, first: int, body: bytes, arrived_s: float) -> None:
        kind = first >> 4
        if kind == packets.PUBLISH:
            self._read_publish(first, body, arrived_s)
        elif (code := packets.reason(kind, body)) >= packets.REFUSED_FROM:
            self._broken(packets.refusal(kind, code))
        elif kind == packets.CONNACK:
            self._let_in()
        elif kind == packets.SUBACK and body[:2] == self._follow_id.to_bytes(2):
            self.is_followed = True
            self._owner.follows(arrived_s)
            followed = frozenset({self._relay[2:].decode()})
            self._owner.take(self.number, CaughtUp(self._loop.now_s, followed))

    def _read_publish(self, first: int, body: bytes, arrived_s: float) -> None:
        if first >> 1 == _PUBLISH and body.startswith(self._relay):
            self._read_frame(first, body, arrived_s)
            return
        received = read(first, body)
        if received.packet_id is not None:
            self._send(packets.puback(received.packet_id))
        self._owner.take(self.number, received.message)

    def _read_frame(self, first: int, body: bytes, arrived_s: float) -> None:
        copy = self._loop.reader.read(first, body, len(self._relay))
        if copy is None:
            return
        self._owner.frame(self, copy, arrived_s, first)

    def carry_out(self, action: Action) -> None:
        """Do what is to be done on this connection."""
        match action:
            case Connect(broker=broker, client_id=client_id):
                self._connect(action)
                self.cluster = f"{broker.host}:{broker.port}"
                self._leave = Parcel(topic.client_leave(client_id), qos=1)
            case Disconnect():
                self._hang_up(politely=True)
            case Publish(parcel=parcel):
                self._publish(parcel)
            case Follow(topic=followed):
                self._relay = packets.text(followed)
                self._follow_id = self._next_id()
                self._send(packets.subscribe(self._follow_id, {followed: 0}))
            case _:
                pass  # not a connection's business

    def _connect(self, action: Connect) -> None:
        self._hang_up()
        leave = topic.client_leave(action.client_id)
        hello = packets.connect(
            action.client_id, keepalive_s=KEEPALIVE_S, will_topic=leave
        )
        self._answers = topic.client_assignment(action.client_id)
        now_s = self._heard_s = self._loop.now_s
        self._ping_s = now_s + _PING_EVERY_S * random.uniform(0.2, 1)  # noqa: S311
        try:
            self._connection = Connection(action.broker, hello)
        except Gone as gone:
            self._owner.take(self.number, Lost(now_s, str(gone)))
            return
        self._loop.watch(self, self._connection)

    def _let_in(self) -> None:
        followed = {self._answers: 1, topic.CONTROL_MOVE: 1}
        self._send(packets.subscribe(self._next_id(), followed))
        self._owner.take(self.number, Connected(self._loop.now_s))

    def _publish(self, parcel: Parcel) -> None:
        packet = packets.publish(self._next_id(), parcel.topic, parcel.payload)
        self._send(packet)

    def _send(self, packet: bytes) -> None:
        if self._connection is None:
            return
        try:
            self._connection.send(packet)
        except Gone as gone:
            self._broken(str(gone))
            return
        if self._connection.has_unsent:
            self._loop.wait_to_send(self._connection)

    def _next_id(self) -> int:
        self._packet_id = self._packet_id % _LAST_ID + 1
        return self._packet_id

    def _broken(self, why: str) -> None:
        self._hang_up()
        self._owner.take(self.number, Lost(self._loop.now_s, why))

    def _hang_up(self, *, politely: bool = False) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if politely:
            self._take_leave(connection)
        self._loop.unwatch(connection)
        connection.close()
        self._inbox.clear()
        self._relay = b"\xff"
        self.is_followed = False
        self._owner.lost()

    def _take_leave(self, connection: Connection) -> None:
        leave = packets.publish(self._next_id(), self._leave.topic, b"")
        try:
            connection.send(leave + packets.GOODBYE)
        except Gone:
            return
