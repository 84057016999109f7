"""Publishes frames of real size, as the bridge does: to a system, or a bare broker."""

import threading
import time
from typing import Self

from paho.mqtt.client import Client, ConnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from mosquitto.topic import BRIDGE_TIME, room_frame
from tests.load.measured import Failed
from tests.load.references import samples
from tests.load.system import MainBroker

FRAME_EVERY_S = 0.5
_CONNECTS_WITHIN_S = 10.0


class NotPublished(Failed):
    """The broker does not take frames."""


class Publisher:
    """Has a connection while its block runs.

    Args:
        where: The broker.
        room: Whose frames.

    Raises:
        NotPublished: If there is no broker that would let it.
    """

    def __init__(self, where: MainBroker | None, room: str) -> None:
        if where is None:
            raise NotPublished("the main broker is not ours to publish to")
        self._where, self._room = where, room
        self._connected = threading.Event()
        self._refused = ""
        self._client = Client(
            CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5
        )
        if where.user:
            self._client.username_pw_set(where.user, where.password)
        self._client.on_connect = self._on_connect
        self.published_s: list[float] = []
        """When each was, in seconds since the epoch."""
        self.frame_bytes = 0

    def __enter__(self) -> Self:
        """Connect.

        Raises:
            NotPublished: If nobody is there.
        """
        where = self._where
        try:
            self._client.connect(where.host, where.port)
        except OSError as error:
            raise NotPublished(f"{where.host}:{where.port}: {error}") from error
        self._client.loop_start()
        if not self._connected.wait(_CONNECTS_WITHIN_S):
            self.__exit__()
            raise NotPublished(f"{where.host}:{where.port} does not answer")
        if self._refused:
            self.__exit__()
            raise NotPublished(f"{where.host}:{where.port}: {self._refused}")
        return self

    def __exit__(self, *_: object) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()

    def publish_for(self, seconds: float) -> None:
        """Publish two frames a second, at set times."""
        began_s = time.time()
        for number in range(max(1, round(seconds / FRAME_EVERY_S))):
            time.sleep(max(0.0, began_s + number * FRAME_EVERY_S - time.time()))
            self.publish()
        time.sleep(max(0.0, began_s + seconds - time.time()))

    def publish(self) -> None:
        """Publish the next frame."""
        now_s = time.time()
        now_ms = int(now_s * 1000)
        payload = samples.frame(self._room, len(self.published_s) + 1, now_ms)
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call] # paho's
        properties.UserProperty = [(BRIDGE_TIME, str(now_ms))]
        self._client.publish(
            room_frame(self._room), payload, qos=1, retain=True, properties=properties
        )
        self.published_s.append(now_s)
        self.frame_bytes = len(payload)

    def _on_connect(
        self,
        _client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._refused = str(reason) if reason.is_failure else ""
        self._connected.set()
