"""A connection to the main broker, driven by the one thread that uses it.

Without paho's own thread and queue: paho's callbacks run inside `connect`, `serve`
and `publish`, nothing waits unseen while there is no connection, and a new
connection starts with nothing left over from the one before.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from bridge import metrics
from bridge.relay import MainLost, Message
from mosquitto.topic import BRIDGE_TIME

log = logging.getLogger(__name__)

ANSWER_WITHIN_S = 5.0
"""Main is lost if no answer came for so long while some were due."""

_KEEPALIVE_S = 10
_LOOP_S = 0.1
_IN_FLIGHT_MAX = 1000
"""Messages on their way: main takes more, and packet ids end at 65,535."""

_NOBODY_SUBSCRIBES = 0x10
_FAILURE = 0x80
"""The least reason code of a PUBACK that says no."""


@dataclass(frozen=True, slots=True)
class Login:
    """Where main is and who connects."""

    host: str
    port: int
    user: str
    password: str
    client_id: str


class MqttPublisher:
    """Publishes to main; one `_Connection` after the other."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._connection: _Connection | None = None

    def connect(self) -> None:
        """Connect anew.

        Raises:
            MainLost: If main cannot be reached or refuses.
        """
        self.close()
        self._connection = _Connection(self._login)
        self._connection.open()

    def serve(self) -> None:
        """Answer pings and notice what main says; does not wait.

        Raises:
            MainLost: If the connection stands no more.
        """
        self._current().turn(0)

    def publish(self, messages: Sequence[Message]) -> None:
        """Send all in order; return once each retained one is acknowledged.

        Raises:
            MainLost: If not all were. Some may have arrived.
        """
        self._current().publish(messages)

    def close(self) -> None:
        """Say good-bye, if there is anybody to say it to."""
        if self._connection:
            self._connection.close()
        self._connection = None

    def _current(self) -> "_Connection":
        if self._connection is None:
            raise MainLost("not connected")
        return self._connection


class _Connection:
    """From one CONNECT to the end of its socket."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._accepted = False
        self._ended: str | None = None
        self._due: set[int] = set()
        self._answers: Counter[int] = Counter()
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            login.client_id,
            protocol=MQTTProtocolVersion.MQTTv5,
        )
        self._client.username_pw_set(login.user, login.password)
        self._client.max_inflight_messages_set(_IN_FLIGHT_MAX)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_publish = self._on_publish

    def open(self) -> None:
        try:
            self._client.connect(self._login.host, self._login.port, _KEEPALIVE_S)
        except OSError as error:
            raise MainLost(str(error)) from error
        self._wait(lambda: self._accepted, progress=lambda: 0)

    def close(self) -> None:
        self._client.disconnect()
        # Without these it dies, and its socket with it, as soon as nobody holds it.
        self._client.on_connect = None
        self._client.on_disconnect = None
        self._client.on_publish = None

    def publish(self, messages: Sequence[Message]) -> None:
        self._answers.clear()
        for message in messages:
            self._wait(lambda: len(self._due) < _IN_FLIGHT_MAX, self._answers.total)
            self._send(message)
        self._wait(lambda: not self._due, self._answers.total)
        self._count()

    def turn(self, timeout_s: float) -> None:
        """Let paho read, write and call back."""
        code = self._client.loop(timeout_s)
        if self._ended is not None:
            raise MainLost(self._ended)
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise MainLost(code.name)

    def _send(self, message: Message) -> None:
        info = self._client.publish(
            message.topic,
            message.payload,
            qos=1 if message.retained else 0,
            retain=message.retained,
            properties=_properties(message),
        )
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise MainLost(MQTTErrorCode(info.rc).name)
        if message.retained:
            self._due.add(info.mid)

    def _wait(self, done: Callable[[], bool], progress: Callable[[], int]) -> None:
        """Turn until `done()`, as long as `progress()` rises now and then."""
        seen, deadline = progress(), time.monotonic() + ANSWER_WITHIN_S
        while not done():
            self.turn(_LOOP_S)
            if progress() > seen:
                seen, deadline = progress(), time.monotonic() + ANSWER_WITHIN_S
            elif time.monotonic() > deadline:
                raise MainLost(f"no answer for {ANSWER_WITHIN_S:.0f} s")

    def _count(self) -> None:
        for reason, number in self._answers.items():
            if reason >= _FAILURE:
                metrics.REFUSED.inc(number)
                log.error("main refuses frames=%d reason=0x%x", number, reason)
                continue
            metrics.FRAMES.inc(number)
            if reason == _NOBODY_SUBSCRIBES:
                metrics.UNHEARD.inc(number)

    def _on_connect(
        self,
        _client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._ended = str(reason)
        else:
            self._accepted = True

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: object,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._ended = self._ended or f"connection ended: {reason}"

    def _on_publish(
        self,
        _client: Client,
        _userdata: object,
        mid: int,
        reason: ReasonCode,
        _properties: Properties,
    ) -> None:
        if mid in self._due:
            self._due.remove(mid)
            self._answers[reason.value] += 1


def _properties(message: Message) -> Properties:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call] # paho
    properties.UserProperty = (BRIDGE_TIME, str(time.time_ns() // 1_000_000))
    if message.expiry_s is not None:
        properties.MessageExpiryInterval = message.expiry_s
    return properties
