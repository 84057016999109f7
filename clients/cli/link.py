"""The connection to a cluster's broker: MQTT in, events out, for ever."""

import random
import time
from collections import deque
from collections.abc import Iterator

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage, error_string
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from clients.cli.view import Connected, Event, Lost, Message, Tick
from mosquitto.topic import BRIDGE_TIME, CONTROL_PULSE, room_frame

_FAILURES_MAX = 16
"""As many as matter to the next wait; a screen may be left on for days."""

_TICK_S = 0.25
_KEEPALIVE_S = 10
_CONNECT_WITHIN_S = 5.0
_FIRST_WAIT_S = 0.5
_WAIT_MAX_S = 30.0


class Link:
    """Subscribes to one room and the pulse, and reconnects with full jitter.

    Runs in the thread that iterates over `events`: nothing needs a lock.
    """

    def __init__(self, host: str, port: int, room: str) -> None:
        self._host, self._port = host, port
        self._topics = [(room_frame(room), 0), (CONTROL_PULSE, 0)]
        self._events: deque[Event] = deque()
        self._refused = ""
        self._failures = 0
        self._client = self._new_client()

    def events(self) -> Iterator[Event]:
        """Yield what happens, and a `Tick` at least every quarter of a second."""
        while True:
            reason = self._connect()
            while not reason:
                code = self._client.loop(_TICK_S)
                yield from self._drained()
                yield Tick(time.monotonic())
                if code is not MQTTErrorCode.MQTT_ERR_SUCCESS:
                    reason = self._refused or error_string(code).rstrip(".")
            yield Lost(time.monotonic(), reason)
            yield from self._pause()

    def close(self) -> None:
        """Take leave of the broker."""
        self._client.disconnect()

    def _connect(self) -> str:
        """Open the connection; return why that failed, or nothing."""
        self._refused = ""
        try:
            self._client.connect(self._host, self._port, _KEEPALIVE_S)
        except OSError as error:
            return error.strerror or str(error)
        return ""

    def _pause(self) -> Iterator[Tick]:
        """Wait as long as full jitter says, ticking."""
        longest_s = min(_WAIT_MAX_S, _FIRST_WAIT_S * 2**self._failures)
        self._failures = min(self._failures + 1, _FAILURES_MAX)
        until_s = time.monotonic() + random.uniform(0, longest_s)  # noqa: S311 - jitter
        while (left_s := until_s - time.monotonic()) > 0:
            time.sleep(min(_TICK_S, left_s))
            yield Tick(time.monotonic())

    def _drained(self) -> Iterator[Event]:
        while self._events:
            yield self._events.popleft()

    def _new_client(self) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
        )
        client.connect_timeout = _CONNECT_WITHIN_S
        client.on_connect = self._on_connect
        client.on_message = self._on_message
        return client

    def _on_connect(
        self,
        client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._refused = str(reason)
            return
        self._failures = 0
        client.subscribe(self._topics)
        self._events.append(Connected(time.monotonic()))

    def _on_message(
        self, _client: Client, _userdata: object, message: MQTTMessage
    ) -> None:
        self._events.append(
            Message(
                time.monotonic(),
                message.topic,
                bytes(message.payload),
                retained=message.retain,
                bridge_ms=_bridge_ms(message.properties),
                here_ms=time.time_ns() // 1_000_000,
            )
        )


def _bridge_ms(properties: Properties | None) -> int | None:
    """Read the bridge's own time, if the message has it in a form we know."""
    pairs = dict(getattr(properties, "UserProperty", []))
    text = pairs.get(BRIDGE_TIME, "")
    return int(text) if text.isascii() and text.isdigit() else None
