"""The connection to a broker: MQTT in, events out, for ever."""

import random
import select
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from paho.mqtt.client import Client, DisconnectFlags, error_string
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from clients.address import Address
from clients.event import CaughtUp, Connected, Event, Lost, Tick
from clients.lean_client import LeanClient
from clients.parcel import Following, Parcel
from clients.wishes import Wishes

__all__ = ["TOPICS_PER_PACKET", "Address", "Link"]

TOPICS_PER_PACKET = 8
"""In one SUBSCRIBE. The next is sent when all has come that these retain: a broker
queues next to nothing, and drops without a word what does not fit."""

_FAILURES_MAX = 16
"""As many as matter to the next wait; a screen may be left on for days."""

_PACKETS_A_TURN = 32

_TICK_S = 0.25
_KEEPALIVE_S = 10
_FIRST_WAIT_S = 0.5
_WAIT_MAX_S = 30.0
_FENCE = "nobody/subscribes/here"
"""Unsubscribed last: its UNSUBACK comes after all that the topics before retain."""


class Link:
    """Follows topics on one broker, publishes, and reconnects with full jitter.

    Everything happens in the thread that iterates over `events`. Only `follow` and
    `drop` may be called by others. Paho's own loop is not used: a wish would wait
    for it, and its `select` takes no file beyond the 1,024th, which a server may
    well have open.

    Args:
        broker: Where to connect, and as whom.
        topics: Followed from the start; a mapping says how.
        wait_max_s: The longest wait between two attempts to connect.
        will: Published by the broker if the connection ends without leave.
        keepalive_s: The broker takes it for ended after 1.5 times as long a silence.
    """

    def __init__(
        self,
        broker: Address,
        topics: Iterable[str] | Mapping[str, Following],
        wait_max_s: float = _WAIT_MAX_S,
        *,
        will: Parcel | None = None,
        keepalive_s: int = _KEEPALIVE_S,
    ) -> None:
        self._broker = broker
        if not isinstance(topics, Mapping):
            topics = dict.fromkeys(topics, Following())
        self._topics = {**topics}
        self._wait_max_s = wait_max_s
        self._will, self._keepalive_s = will, keepalive_s
        self.tick_s = _TICK_S
        """How long `events` waits before it lets its caller do something else."""
        self._wishes = Wishes()
        self._events: deque[Event] = deque()
        self._unasked: dict[str, Following] = {}
        self._fences: dict[int, CaughtUp] = {}
        self._accepted = False
        self._refused = self._given_up = ""
        self._failures = 0
        self._client = self._new_client()

    def events(self) -> Iterator[Event]:
        """Yield what happens, and a `Tick` at least every `tick_s` seconds."""
        while True:
            reason = self._connect()
            while not reason:
                code = self._turn()
                yield from self._drained()
                yield Tick(time.monotonic())
                reason = self._given_up
                if code is not MQTTErrorCode.MQTT_ERR_SUCCESS:
                    reason = self._refused or error_string(code).rstrip(".")
            yield Lost(time.monotonic(), reason)
            yield from self._pause()

    def follow(self, topic: str, how: Following | None = None) -> int:
        """Subscribe soon, and whenever there is a new connection.

        What is retained comes again if the topic was followed already. Returns the
        number of the wish: a `CaughtUp` with a smaller one was asked for earlier.
        """
        return self._wishes.add(topic, how or Following())

    def drop(self, topic: str) -> None:
        """Follow a topic no more."""
        self._wishes.add(topic, None)

    def publish(self, parcel: Parcel) -> None:
        """Hand a message to the broker; without a connection it is lost."""
        self._client.publish(
            parcel.topic,
            parcel.payload,
            parcel.qos,
            parcel.retain,
            parcel.extras.properties() if parcel.extras else None,
        )

    def give_up(self, reason: str) -> None:
        """End this connection, with leave, and begin another."""
        self._given_up = reason
        self._client.disconnect()

    def close(self) -> None:
        """Take leave of the broker."""
        self._client.disconnect()
        self._wishes.close()

    def _connect(self) -> str:
        """Open the connection; return why that failed, or nothing."""
        self._refused, self._given_up, self._accepted = "", "", False
        self._fences.clear()
        self._unasked.clear()
        self._carry_out_wishes()
        self._client = self._new_client()  # nothing is left over from the one before
        host, port = self._broker.host, self._broker.port
        try:
            self._client.connect(host, port, self._keepalive_s)
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
        waiting.register(self._wishes, select.POLLIN)
        ready = dict(waiting.poll(self.tick_s * 1000))
        if self._wishes.fileno() in ready:
            self._carry_out_wishes()
        code = MQTTErrorCode.MQTT_ERR_SUCCESS
        if ready.get(connection.fileno(), 0) & ~select.POLLOUT:
            code = self._read(connection.fileno())
        if self._client.want_write():
            code = code or self._client.loop_write()
        return code or self._client.loop_misc()

    def _read(self, file: int) -> MQTTErrorCode:
        """Take what has come, a packet each time, but not for long."""
        waiting = select.poll()
        waiting.register(file, select.POLLIN)
        for _ in range(_PACKETS_A_TURN):
            if code := self._client.read_packet():
                return code
            if not waiting.poll(0):
                break
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _pause(self) -> Iterator[Tick]:
        """Wait as long as full jitter says, ticking."""
        longest_s = min(self._wait_max_s, _FIRST_WAIT_S * 2**self._failures)
        self._failures = min(self._failures + 1, _FAILURES_MAX)
        until_s = time.monotonic() + random.uniform(0, longest_s)  # noqa: S311 - jitter
        while (left_s := until_s - time.monotonic()) > 0:
            time.sleep(min(self.tick_s, left_s))
            yield Tick(time.monotonic())

    def _drained(self) -> Iterator[Event]:
        while self._events:
            yield self._events.popleft()

    def _carry_out_wishes(self) -> None:
        wishes = self._wishes.take()
        dropped = [topic for topic, how in wishes.items() if how is None]
        followed = {topic: how for topic, how in wishes.items() if how is not None}
        for topic in dropped:
            self._topics.pop(topic, None)
            self._unasked.pop(topic, None)
        self._topics.update(followed)
        if self._accepted:
            for chunk in _chunks(dropped):
                self._client.unsubscribe(chunk)
            self._unasked |= followed
            self._subscribe()

    def _subscribe(self) -> None:
        """Ask for the next topics, unless what others retain is still on its way."""
        if self._fences or not self._unasked:
            return
        asked = [*self._unasked][:TOPICS_PER_PACKET]
        options = [(topic, self._unasked.pop(topic).options()) for topic in asked]
        self._client.subscribe(options)
        _, packet_id = self._client.unsubscribe(_FENCE)
        if packet_id is not None:  # else the connection is gone, with all it knew
            caught_up = CaughtUp(0, frozenset(asked), self._wishes.taken)
            self._fences[packet_id] = caught_up

    def _new_client(self) -> LeanClient:
        client = self._broker.client(self._will)
        client.on_connect = self._on_connect
        client.on_unsubscribe = self._on_unsubscribe
        client.hear = self._events.append
        client.on_disconnect = self._on_disconnect
        return client

    def _on_connect(
        self, _c: Client, _u: object, _f: object, reason: ReasonCode, _p: object
    ) -> None:
        if reason.is_failure:
            self._refused = str(reason)
            return
        self._failures, self._accepted = 0, True
        self._events.append(Connected(time.monotonic()))
        self._unasked = {**self._topics}
        self._subscribe()

    def _on_disconnect(
        self,
        _c: Client,
        _u: object,
        flags: DisconnectFlags,
        reason: ReasonCode,
        _p: object,
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self._refused = str(reason)

    def _on_unsubscribe(
        self, _c: Client, _u: object, packet_id: int, *_: object
    ) -> None:
        if fence := self._fences.pop(packet_id, None):
            self._events.append(replace(fence, at_s=time.monotonic()))
            self._subscribe()


def _chunks(topics: list[str]) -> Iterator[list[str]]:
    for first in range(0, len(topics), TOPICS_PER_PACKET):
        yield topics[first : first + TOPICS_PER_PACKET]
