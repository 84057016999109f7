"""Hears what the audience hears: frames at a cluster's broker, as anybody.

A thread of its own; what came waits until the books take it. While no broker can be
reached another is tried, for ever: what is published meanwhile is not seen.
"""

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Sequence

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from mosquitto.topic import ANY, CONTROL_PULSE, room_frame

log = logging.getLogger(__name__)

Broker = tuple[str, int]

WAITING_MAX = 20_000
"""Frames that wait for the books; of more, the oldest go: newer ones replace them."""

_KEEPALIVE_S = 10
_WAIT_MAX_S = 5.0
_TURN_S = 0.5


class Listener:
    """Follows every room's frames, and the pulse to know that it hears.

    Args:
        brokers: Of the clusters; one at a time is listened to.
    """

    def __init__(self, brokers: Sequence[Broker]) -> None:
        self._brokers = brokers
        self._heard: deque[bytes] = deque(maxlen=WAITING_MAX)
        self._last_s: float | None = None
        self._told: set[str] = set()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="mqtt", daemon=True)

    def start(self) -> None:
        """Begin to listen; returns at once."""
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._closing.set()
        self._thread.join(2 * _TURN_S)

    def take(self) -> list[bytes]:
        """Return the frames that came since the last time."""
        return [self._heard.popleft() for _ in range(len(self._heard))]

    def age_s(self) -> float | None:
        """Return how long ago anything was heard; None if never."""
        last_s = self._last_s
        return None if last_s is None else time.monotonic() - last_s

    def _listen(self) -> None:
        turn = 0
        while not self._closing.is_set():
            broker = self._brokers[turn % len(self._brokers)]
            reason = self._follow(broker)
            if not self._closing.is_set():
                self._tell(broker, reason)
            turn += 1
            wait_s = random.uniform(0, min(_WAIT_MAX_S, 0.5 * turn))  # noqa: S311
            self._closing.wait(wait_s)

    def _tell(self, broker: Broker, reason: str) -> None:
        """Say what is wrong, each thing once an outage."""
        text = f"address={broker[0]}:{broker[1]} reason={reason!r}"
        if text not in self._told:
            self._told.add(text)
            log.warning("no broker %s", text)

    def _follow(self, broker: Broker) -> str:
        """Listen until the connection ends; return why."""
        client = Client(
            CallbackAPIVersion.VERSION2,
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
        )
        client.on_connect = self._on_connect
        client.on_message = self._on_message
        try:
            client.connect(*broker, keepalive=_KEEPALIVE_S)
            while not self._closing.is_set():
                code = client.loop(_TURN_S)
                if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
                    return code.name
        except OSError as error:
            return error.strerror or str(error)
        client.disconnect()
        return ""

    def _on_connect(
        self,
        client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if not reason.is_failure:
            log.info("listening at a cluster's broker")
            self._told.clear()
            client.subscribe([(room_frame(ANY), 0), (CONTROL_PULSE, 0)])

    def _on_message(
        self, _client: Client, _userdata: object, message: MQTTMessage
    ) -> None:
        self._last_s = time.monotonic()
        if message.topic != CONTROL_PULSE and message.payload:
            self._heard.append(bytes(message.payload))
