"""A short look at a broker: connect, subscribe, read, leave.

For probes and `status`. One blocking loop and no thread: who asks waits.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from mosquitto.config import LOOPBACK

_LOOP_S = 0.1
_KEEPALIVE_S = 30
_FENCE = "nobody/writes/here"
"""Subscribed second: its SUBACK comes after all that the first topics retain."""


class BrokerRefused(Exception):
    """The broker does not answer, or not to this user."""


@dataclass(frozen=True, slots=True)
class Login:
    """Who connects."""

    user: str
    password: str


def read(  # noqa: PLR0913 - each is one thing to know, all but two by name
    port: int,
    topics: Sequence[str],
    *,
    within_s: float,
    login: Login | None = None,
    until: Callable[[Mapping[str, bytes]], bool] = lambda _: False,
    linger: bool = False,
    host: str = LOOPBACK,
) -> Mapping[str, bytes]:
    """Return the newest message of each topic that came.

    Args:
        port: The broker's.
        topics: What to subscribe to; none only connects.
        within_s: Returns after this long at the latest.
        login: Anonymous where there is none.
        until: Returns as soon as this is satisfied with what came.
        linger: Whether to wait for more when all that is retained has come.
        host: The broker's.

    Raises:
        BrokerRefused: If there is no connection, or it ended.
    """
    session = _Session(topics, login)
    deadline = time.monotonic() + within_s
    try:
        session.connect(host, port)
        while time.monotonic() < deadline and not until(session.received):
            session.turn()
            if session.caught_up and not linger:
                break
    finally:
        session.close()
    if not session.connected:
        raise BrokerRefused(f"no answer on port {port}")
    return session.received


class _Session:
    def __init__(self, topics: Sequence[str], login: Login | None) -> None:
        self.received: dict[str, bytes] = {}
        self.connected = False
        self._topics = topics
        self._granted = 0
        self._refusal: str | None = None
        self._client = Client(
            CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5
        )
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        if login:
            self._client.username_pw_set(login.user, login.password)

    def connect(self, host: str, port: int) -> None:
        try:
            self._client.connect(host, port, keepalive=_KEEPALIVE_S)
        except OSError as error:
            raise BrokerRefused(f"port {port}: {error}") from error

    def turn(self) -> None:
        """Handle what the network brings for a moment."""
        code = self._client.loop(_LOOP_S)
        if self._refusal or code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise BrokerRefused(self._refusal or str(code))

    @property
    def caught_up(self) -> bool:
        """Whether all that the topics retain has come."""
        return self.connected and (not self._topics or self._granted > 1)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop(_LOOP_S)

    def _on_connect(
        self,
        client: Client,
        _userdata: object,
        _flags: object,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._refusal = str(reason)
            return
        self.connected = True
        if self._topics:
            client.subscribe([(topic, 0) for topic in self._topics])
            client.subscribe(_FENCE)

    def _on_subscribe(self, *_: object) -> None:
        self._granted += 1

    def _on_message(
        self, _client: Client, _userdata: object, message: MQTTMessage
    ) -> None:
        self.received[message.topic] = bytes(message.payload)
