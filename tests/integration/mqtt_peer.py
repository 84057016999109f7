"""An MQTT client for tests, driven by the thread that asks it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from tests.integration.processes import LOOPBACK

V5 = MQTTProtocolVersion.MQTTv5
V311 = MQTTProtocolVersion.MQTTv311
WITHIN_S = 20.0


@dataclass(frozen=True, slots=True)
class Login:
    """Who connects; nobody in particular if there is no user."""

    user: str = ""
    password: str = ""
    client_id: str = ""
    version: MQTTProtocolVersion = V5


ANONYMOUS = Login()


class Refused(Exception):
    """The broker let this client not in."""


class Peer:
    """Connects to a broker, and keeps what it receives."""

    def __init__(
        self,
        port: int,
        login: Login = ANONYMOUS,
        *,
        will: str | None = None,
        transport: Literal["tcp", "websockets"] = "tcp",
        host: str = LOOPBACK,
    ) -> None:
        self.received: list[MQTTMessage] = []
        self._answers: list[ReasonCode] = []
        self._acknowledged: dict[int, ReasonCode] = {}
        self._granted = 0
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            login.client_id,
            protocol=login.version,
            transport=transport,
        )
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.on_publish = self._on_publish
        self._client.on_subscribe = self._on_subscribe
        if login.user:
            self._client.username_pw_set(login.user, login.password)
        if will:
            self._client.will_set(will, b"will", qos=1)
        self._client.connect(host, port)
        self.turn_until(lambda: bool(self._answers), "CONNACK")
        if self._answers[0].is_failure:
            raise Refused(str(self._answers[0]))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._client.disconnect()

    @property
    def topics(self) -> set[str]:
        """The topics of all that was received."""
        return {message.topic for message in self.received}

    def subscribe(self, *topics: str, qos: int = 0) -> None:
        """Subscribe, and wait until that is granted."""
        before = self._granted
        self._client.subscribe([(topic, qos) for topic in topics])
        self.turn_until(lambda: self._granted > before, "SUBACK")

    def catch_up(self) -> None:
        """Receive all that the broker had for this client when this was called."""
        self.subscribe("fence")

    def publish(
        self,
        topic: str,
        payload: bytes = b"x",
        *,
        retain: bool = False,
        named: tuple[str, str] | None = None,
        times: int = 1,
    ) -> int:
        """Publish and return the reason code of the acknowledgement.

        Args:
            topic: Where.
            payload: What.
            retain: Whether it is kept.
            named: A user property that goes with it.
            times: How often it does.
        """
        properties = None
        if named:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call] # paho's
            properties.UserProperty = [named] * times
        mid = self._client.publish(topic, payload, 1, retain, properties).mid
        self.turn_until(lambda: mid in self._acknowledged, "PUBACK")
        return int(self._acknowledged[mid].value)

    def turn_until(self, done: Callable[[], bool], what: str) -> None:
        """Send and receive until `done()`."""
        deadline = time.monotonic() + WITHIN_S
        while not done():
            code = self._client.loop(0.05)
            refused = any(answer.is_failure for answer in self._answers)
            if code != MQTTErrorCode.MQTT_ERR_SUCCESS and not self._answers:
                raise Refused(f"the broker hung up: {code}")
            assert code == MQTTErrorCode.MQTT_ERR_SUCCESS or refused, (what, code)
            assert time.monotonic() < deadline, f"no {what} in {WITHIN_S:.0f} s"

    def cut(self) -> None:
        """Lose the connection without a word."""
        socket = self._client.socket()
        assert socket
        socket.close()

    def _on_connect(
        self, _c: Client, _u: object, _f: object, reason: ReasonCode, _p: object
    ) -> None:
        self._answers.append(reason)

    def _on_message(self, _c: Client, _u: object, message: MQTTMessage) -> None:
        self.received.append(message)

    def _on_publish(
        self, _c: Client, _u: object, mid: int, reason: ReasonCode, _p: Properties
    ) -> None:
        self._acknowledged[mid] = reason

    def _on_subscribe(self, *_: object) -> None:
        self._granted += 1
