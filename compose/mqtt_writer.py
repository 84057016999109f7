"""A word to a broker: connect, publish, wait until it is acknowledged, leave."""

import secrets
import time

from paho.mqtt.client import Client, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from compose.mqtt_reader import BrokerRefused, Login
from compose.settings import LOOPBACK

_LOOP_S = 0.1
_KEEPALIVE_S = 10


def publish_retained(
    port: int, topic: str, payload: bytes, *, login: Login, within_s: float
) -> None:
    """Publish a message that the broker keeps, and return when it has it.

    Args:
        port: The broker's, on this machine.
        topic: Where.
        payload: What.
        login: Who may write there.
        within_s: How long to wait at most.

    Raises:
        BrokerRefused: If it does not say within this time that it has it.
    """
    writer = _Writer(login)
    deadline = time.monotonic() + within_s
    try:
        writer.connect(port)
        while not writer.has_come and time.monotonic() < deadline:
            writer.turn(topic, payload)
    finally:
        writer.close()
    if not writer.has_come:
        raise BrokerRefused(f"no answer on port {port}")


class _Writer:
    def __init__(self, login: Login) -> None:
        self.has_come = False
        self._is_connected = False
        self._sent: MQTTMessageInfo | None = None
        self._refusal: str | None = None
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"{login.user}-{secrets.token_hex(8)}",
            protocol=MQTTProtocolVersion.MQTTv5,
        )
        self._client.username_pw_set(login.user, login.password)
        self._client.on_connect = self._on_connect
        self._client.on_publish = self._on_publish

    def connect(self, port: int) -> None:
        try:
            self._client.connect(LOOPBACK, port, keepalive=_KEEPALIVE_S)
        except OSError as error:
            raise BrokerRefused(f"port {port}: {error}") from error

    def turn(self, topic: str, payload: bytes) -> None:
        """Publish once there is a connection; handle the network for a moment."""
        if self._is_connected and self._sent is None:
            self._sent = self._client.publish(topic, payload, qos=1, retain=True)
        code = self._client.loop(_LOOP_S)
        if self._refusal or code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise BrokerRefused(self._refusal or str(code))

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop(_LOOP_S)

    def _on_connect(
        self,
        _client: Client,
        _userdata: object,
        _flags: object,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._is_connected = not reason.is_failure
        self._refusal = str(reason) if reason.is_failure else None

    def _on_publish(
        self,
        _client: Client,
        _userdata: object,
        _message_id: int,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        # 0x10, that nobody subscribes, is no failure: a cluster comes and reads it.
        self.has_come = not reason.is_failure
        self._refusal = str(reason) if reason.is_failure else None
