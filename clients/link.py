"""The connection to a broker: MQTT in, events out, for ever."""

import random
import re
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage, error_string
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from clients.event import CaughtUp, Connected, Event, Lost, Message, Tick
from mosquitto.topic import BRIDGE_TIME

TOPICS_PER_PACKET = 100
"""In one SUBSCRIBE: with the longest names still half of what a broker takes."""

_FAILURES_MAX = 16
"""As many as matter to the next wait; a screen may be left on for days."""

_TICK_S = 0.25
_KEEPALIVE_S = 10
_CONNECT_WITHIN_S = 5.0
_FIRST_WAIT_S = 0.5
_WAIT_MAX_S = 30.0
# To the year 33,658; what is much longer, `int` does not take.
_MILLISECONDS = re.compile(r"[0-9]{1,15}")
_FENCE = "nobody/subscribes/here"
"""Unsubscribed last: its UNSUBACK comes after all that the topics before retain."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a broker is and who connects; without a user, anybody."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    client_id: str = ""


class Link:
    """Follows topics on one broker, and reconnects with full jitter.

    Everything happens in the thread that iterates over `events`. Only `follow` and
    `drop` may be called by others. Paho's own loop is not used: a wish would wait
    for it, and its `select` takes no file beyond the 1,024th, which a server may
    well have open.
    """

    def __init__(
        self, broker: Address, topics: Iterable[str], wait_max_s: float = _WAIT_MAX_S
    ) -> None:
        self._broker = broker
        self._topics = dict.fromkeys(topics)
        self._wait_max_s = wait_max_s
        self._wishing = threading.Lock()
        self._wishes: deque[tuple[int, str, bool]] = deque()
        self._wished = self._carried_out = 0
        self._bell, self._door = socket.socketpair()
        for end in (self._bell, self._door):
            end.setblocking(False)  # noqa: FBT003 - as the library has it
        self._events: deque[Event] = deque()
        self._fences: dict[int, tuple[frozenset[str], int]] = {}
        self._accepted = False
        self._refused = ""
        self._failures = 0
        self._client = self._new_client()

    def events(self) -> Iterator[Event]:
        """Yield what happens, and a `Tick` at least every quarter of a second."""
        while True:
            reason = self._connect()
            while not reason:
                code = self._turn()
                yield from self._drained()
                yield Tick(time.monotonic())
                if code is not MQTTErrorCode.MQTT_ERR_SUCCESS:
                    reason = self._refused or error_string(code).rstrip(".")
            yield Lost(time.monotonic(), reason)
            yield from self._pause()

    def follow(self, topic: str) -> int:
        """Subscribe soon, and whenever there is a new connection.

        What is retained comes again if the topic was followed already. Returns the
        number of the wish: a `CaughtUp` with a smaller one was asked for earlier.
        """
        return self._wish(topic, wanted=True)

    def drop(self, topic: str) -> None:
        """Follow a topic no more."""
        self._wish(topic, wanted=False)

    def close(self) -> None:
        """Take leave of the broker."""
        self._client.disconnect()
        self._bell.close()
        self._door.close()

    def _wish(self, topic: str, *, wanted: bool) -> int:
        with self._wishing:
            number = self._wished = self._wished + 1
            self._wishes.append((number, topic, wanted))
        with suppress(BlockingIOError):  # it rings already
            self._bell.send(b"!")
        return number

    def _connect(self) -> str:
        """Open the connection; return why that failed, or nothing."""
        self._refused, self._accepted = "", False
        self._fences.clear()
        try:
            self._client.connect(self._broker.host, self._broker.port, _KEEPALIVE_S)
        except OSError as error:
            return error.strerror or str(error)
        return ""

    def _turn(self) -> MQTTErrorCode:
        """Wait a moment for the network or a wish, and serve both."""
        connection = self._client.socket()
        if connection is None:
            return MQTTErrorCode.MQTT_ERR_NO_CONN
        sending = select.POLLOUT if self._client.want_write() else 0
        waiting = select.poll()
        waiting.register(connection.fileno(), select.POLLIN | sending)
        waiting.register(self._door, select.POLLIN)
        ready = dict(waiting.poll(_TICK_S * 1000))
        if self._door.fileno() in ready:
            self._door.recv(4096)
            self._carry_out_wishes()
        code = MQTTErrorCode.MQTT_ERR_SUCCESS
        if ready.get(connection.fileno(), 0) & ~select.POLLOUT:
            code = self._client.loop_read()
        if self._client.want_write():
            code = code or self._client.loop_write()
        return code or self._client.loop_misc()

    def _pause(self) -> Iterator[Tick]:
        """Wait as long as full jitter says, ticking."""
        longest_s = min(self._wait_max_s, _FIRST_WAIT_S * 2**self._failures)
        self._failures = min(self._failures + 1, _FAILURES_MAX)
        until_s = time.monotonic() + random.uniform(0, longest_s)  # noqa: S311 - jitter
        while (left_s := until_s - time.monotonic()) > 0:
            time.sleep(min(_TICK_S, left_s))
            yield Tick(time.monotonic())

    def _drained(self) -> Iterator[Event]:
        while self._events:
            yield self._events.popleft()

    def _carry_out_wishes(self) -> None:
        """Do what was wished meanwhile; of a topic, the last wish counts."""
        wishes: dict[str, bool] = {}
        while self._wishes:
            self._carried_out, topic, wanted = self._wishes.popleft()
            wishes[topic] = wanted
        dropped = [topic for topic, wanted in wishes.items() if not wanted]
        followed = [topic for topic, wanted in wishes.items() if wanted]
        for topic in dropped:
            self._topics.pop(topic, None)
        self._topics.update(dict.fromkeys(followed))
        if self._accepted:
            for chunk in _chunks(dropped):
                self._client.unsubscribe(chunk)
            self._subscribe(followed)

    def _subscribe(self, topics: list[str]) -> None:
        if not topics:
            return
        for chunk in _chunks(topics):
            self._client.subscribe([(topic, 0) for topic in chunk])
        _, packet_id = self._client.unsubscribe(_FENCE)
        if packet_id is not None:  # else the connection is gone, with all it knew
            self._fences[packet_id] = frozenset(topics), self._carried_out

    def _new_client(self) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            self._broker.client_id,
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
        )
        if self._broker.user:
            client.username_pw_set(self._broker.user, self._broker.password)
        client.connect_timeout = _CONNECT_WITHIN_S
        client.on_connect = self._on_connect
        client.on_unsubscribe = self._on_unsubscribe
        client.on_message = self._on_message
        return client

    def _on_connect(
        self,
        _client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._refused = str(reason)
            return
        self._failures, self._accepted = 0, True
        self._events.append(Connected(time.monotonic()))
        self._subscribe([*self._topics])

    def _on_unsubscribe(
        self,
        _client: Client,
        _userdata: object,
        packet_id: int,
        _reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        if fence := self._fences.pop(packet_id, None):
            self._events.append(CaughtUp(time.monotonic(), *fence))

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


def _chunks(topics: list[str]) -> Iterator[list[str]]:
    for first in range(0, len(topics), TOPICS_PER_PACKET):
        yield topics[first : first + TOPICS_PER_PACKET]


def _bridge_ms(properties: Properties | None) -> int | None:
    """Read the bridge's own time, if the message has it in a form we know."""
    pairs = dict(getattr(properties, "UserProperty", []))
    text = pairs.get(BRIDGE_TIME, "")
    return int(text) if _MILLISECONDS.fullmatch(text) else None
