"""A viewer of the bench's rooms at one cluster broker: each frame with its time."""

import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Self

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from clients.crowd.relayed import Brief
from mosquitto.topic import BRIDGE_TIME, room_frame
from tests.load.matching import Sighting

_SUBSCRIBED_WITHIN_S = 20


class NotSeen(Exception):
    """The broker does not answer."""


class Viewer:
    """Keeps the sightings of the rooms it watches; times are the wall clock's."""

    def __init__(self, host: str, port: int, rooms: Sequence[str]) -> None:
        self._host, self._port = host, port
        self._topics = [room_frame(room) for room in rooms]
        self._sightings: defaultdict[str, list[Sighting]] = defaultdict(list)
        self._changed = threading.Condition()
        self._subscribed = threading.Event()
        self._client = Client(
            CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5
        )
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message

    def __enter__(self) -> Self:
        try:
            self._client.connect(self._host, self._port)
        except OSError as error:
            raise NotSeen(f"no broker at {self._host}:{self._port}: {error}") from error
        self._client.loop_start()
        if not self._subscribed.wait(_SUBSCRIBED_WITHIN_S):
            self.__exit__()
            raise NotSeen(f"no SUBACK from {self._host}:{self._port}")
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def sightings(self, room: str) -> list[Sighting]:
        """Return the frames of a room so far, in the order they came."""
        with self._changed:
            return list(self._sightings[room])

    def wait_for_totals(self, wanted: Mapping[str, int], within_s: float) -> bool:
        """Wait until each room's total is what is wanted, or more; tell if it is."""
        with self._changed:
            return self._changed.wait_for(
                lambda: all(
                    self._total(room) >= total for room, total in wanted.items()
                ),
                within_s,
            )

    def total(self, room: str) -> int:
        """Return a room's newest total; 0 if there was no frame."""
        with self._changed:
            return self._total(room)

    def _total(self, room: str) -> int:
        seen = self._sightings.get(room)
        return seen[-1].total if seen else 0

    def _on_connect(
        self,
        client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        _reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        client.subscribe([(topic, 0) for topic in self._topics])

    def _on_subscribe(self, *_: object) -> None:
        self._subscribed.set()

    def _on_message(
        self, _client: Client, _userdata: object, message: MQTTMessage
    ) -> None:
        arrived_s = time.time()
        frame = Brief.decode(bytes(message.payload))
        bridge_ms = _bridge_ms(message.properties)
        sighting = Sighting.of(frame, arrived_s, bridge_ms=bridge_ms)
        with self._changed:
            self._sightings[frame.room].append(sighting)
            self._changed.notify_all()


def _bridge_ms(properties: Properties | None) -> int | None:
    named = dict(getattr(properties, "UserProperty", ()))
    return int(named[BRIDGE_TIME]) if BRIDGE_TIME in named else None
