"""Registered clients by the hundred, turned by the thread of their test.

What a client does when is the library's own `clients.attendance`; its connection is
a bare socket, and its registration is answered at once.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from clients.attendance import Attendance
from clients.event import Connected, Event, Lost, Message, Tick
from clients.newest import DECODERS, Newest
from clients.place import Place
from clients.steps import (
    Action,
    Connect,
    Disconnect,
    Follow,
    Joined,
    Placed,
    Publish,
    Register,
)
from clients.worker.wire import BrokerAddress, Join
from mosquitto import topic
from mosquitto.placement import slot_of
from tests.integration import audience_wire as wire
from tests.integration.audience_crowd import Connection, Crowd
from tests.integration.processes import LOOPBACK


class Attendee:
    """One registered client.

    Args:
        crowd: Whose thread serves it.
        client_id: As whom it joins.
        ports: The brokers of its place, in this order.
        join: What it asks for.
        newest: Returns the `total` of what its room was sent last.
        spread_s: Over how long it leaves a broker that has died.
    """

    def __init__(  # noqa: PLR0913 - a client has so much of its own
        self,
        crowd: Crowd,
        client_id: str,
        ports: Sequence[int],
        join: Join,
        *,
        newest: Callable[[], int] = lambda: 0,
        spread_s: float = 1.0,
    ) -> None:
        self.client_id, self.join = client_id, join
        self.came: list[Any] = []
        """Every frame, old and repeated ones too."""
        self.shown: list[Any] = []
        """What the library would show of them."""
        self.joined: list[Joined] = []
        self.losses: list[str] = []
        self.since: int | None = None
        """What its room had been sent last when it began to be served."""
        self._newest = newest
        self._place = Place(
            client_id=client_id,
            brokers=tuple(BrokerAddress(LOOPBACK, port, 1) for port in ports),
            slot=slot_of(client_id),
            topic=topic.relay(slot_of(client_id), join.room, join.profile),
            spread_s=spread_s,
        )
        self._decode = DECODERS[join.profile]
        self._news: Newest[Any] = Newest(self._decode)
        self._attendance = Attendance(join)
        self._crowd = crowd
        self._connection: Connection | None = None
        self._is_done = False
        self._numbers = 0
        self._awaited: int | None = None
        crowd.add(self)
        self.take(Tick(time.monotonic()))

    @property
    def totals(self) -> set[int]:
        """Which of its room's frames came, as told by their `total`."""
        return {one.total for one in self.came}

    @property
    def total(self) -> int:
        """The `total` that it shows."""
        return int(self.shown[-1].total) if self.shown else 0

    @property
    def port(self) -> int:
        """Where it joined last."""
        return self.joined[-1].broker.port

    @property
    def is_served(self) -> bool:
        """Whether it is a member and subscribes to its relay."""
        return self.since is not None

    def take(self, event: Event | Placed) -> None:
        """Do what the library would do at an event."""
        waiting = deque([event])
        while waiting and not self._is_done:
            for action in self._attendance.take(waiting.popleft()):
                waiting += self._carried_out(action)

    def leave(self) -> None:
        """Say that it goes, and go."""
        self._publish(topic.client_leave(self.client_id), b"")
        self._send(wire.LEAVE)
        self.cut()

    def cut(self) -> None:
        """Go without a word; the broker publishes the will."""
        self._is_done = True
        self._disconnect()

    def stop_reading(self) -> None:
        """Leave what comes where it is."""
        assert self._connection
        self._crowd.unwatch(self._connection)

    def read_on(self) -> None:
        """Read again."""
        assert self._connection
        self._crowd.watch(self._connection, self._receive)

    def _carried_out(self, action: Action) -> list[Event | Placed]:
        match action:
            case Register():
                return [Placed(time.monotonic(), self._place)]
            case Connect(broker=broker):
                return self._connect(broker.port)
            case Disconnect():
                self._disconnect()
            case Publish(parcel=parcel):
                self._publish(parcel.topic, parcel.payload)
            case Follow(topic=followed):
                self._awaited = self._subscribe(followed)
            case Joined():
                self.joined.append(action)
        return []

    def _connect(self, port: int) -> list[Event | Placed]:
        hello = wire.connect(self.client_id, topic.client_leave(self.client_id))
        try:
            self._connection = Connection(port, hello)
        except OSError as error:
            return [self._lost(error)]
        self._crowd.watch(self._connection, self._receive)
        return []

    def _disconnect(self) -> None:
        if self._connection:
            self._crowd.unwatch(self._connection)
            self._connection.socket.close()
        self._connection = None

    def _receive(self) -> None:
        assert self._connection
        try:
            packets = self._connection.receive()
        except OSError as error:
            self._disconnect()
            self.take(self._lost(error))
            return
        for packet in packets:
            self._read(packet)

    def _read(self, packet: wire.Packet) -> None:
        match packet.kind:
            case wire.CONNACK:
                self._subscribe(topic.client_assignment(self.client_id))
                self.take(Connected(time.monotonic()))
            case wire.SUBACK if packet.number == self._awaited:
                self.since = self._newest()
            case wire.PUBLISH:
                self._hear(wire.Published.decode(packet))

    def _hear(self, message: wire.Published) -> None:
        if message.topic == self._place.topic and message.payload:
            self.came.append(self._decode(message.payload))
            if (news := self._news.take(message.payload)) is not None:
                self.shown.append(news)
        self.take(
            Message(
                time.monotonic(),
                message.topic,
                message.payload,
                retained=message.retained,
                bridge_ms=None,
                here_ms=0,
            )
        )

    def _lost(self, error: OSError) -> Lost:
        self.losses.append(str(error))
        return Lost(time.monotonic(), str(error))

    def _subscribe(self, followed: str) -> int:
        self._numbers += 1
        self._send(wire.subscribe(self._numbers, (followed,)))
        return self._numbers

    def _publish(self, place: str, payload: bytes) -> None:
        self._numbers += 1
        self._send(wire.Published(place, payload, self._numbers).encode())

    def _send(self, packet: bytes) -> None:
        if self._connection:
            self._connection.send(packet)
