"""Those who watch: at each cluster one by plain MQTT, and some who have joined.

The first keep all that their broker sends them; the others are the library's clients,
which move when their cluster dies. Each is one viewer, however often it reconnects.
"""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from paho.mqtt.client import Client as Mqtt
from paho.mqtt.client import ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from emostream import Client, Frame
from tests.faults.sight import Shown, Sight

JOINED_PER_ROOM = 2
_ENDED_WITHIN_S = 10.0
_ANEW_AFTER_S = 2.0


class Watcher:
    """Watches rooms at one cluster's broker, and comes back to it for ever."""

    def __init__(
        self, who: str, address: tuple[str, int], rooms: Sequence[str]
    ) -> None:
        self.sight = Sight(who)
        self._address = address
        self._topics = [(f"rooms/{room}/frame", 0) for room in rooms]
        self._client = Mqtt(
            CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5
        )
        self._client.reconnect_delay_set(1, 2)
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message

    def __enter__(self) -> Self:
        self._client.connect_async(*self._address, keepalive=5)
        self._client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(
        self,
        client: Mqtt,
        _userdata: object,
        _flags: ConnectFlags,
        _reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        client.subscribe(self._topics)

    def _on_message(
        self, _client: Mqtt, _userdata: object, message: MQTTMessage
    ) -> None:
        self.sight.take(Shown.of(message.payload), time.monotonic())


class Joined:
    """One of a room's audience, by the library; begins anew if that ever gives up."""

    def __init__(self, who: str, room: str, url: str) -> None:
        self.sight, self.room, self._url = Sight(who), room, url
        self._client: Client[Frame] = Client(room, url)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=who, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._client.close()
        self._thread.join(_ENDED_WITHIN_S)

    def _watch(self) -> None:
        while not self._ending.is_set():
            why = "there were no more frames"
            try:
                for frame in self._client.frames():
                    self.sight.take(shown(frame), time.monotonic())
            except Exception as error:  # noqa: BLE001 - told at the end of the trial
                why = repr(error)
            if not self._ending.is_set():
                self.sight.faults.append(f"{self.sight.who} gave up: {why}")
            if not self._ending.wait(_ANEW_AFTER_S):
                self._client = Client(self.room, self._url)


class Viewers:
    """All who watch some rooms of a system.

    Args:
        url: The system's web server.
        brokers: Where each cluster's broker is.
        rooms: What they watch.
    """

    def __init__(
        self, url: str, brokers: Sequence[tuple[str, int]], rooms: Sequence[str]
    ) -> None:
        self.rooms = tuple(rooms)
        self._watchers = [
            Watcher(f"watcher of cluster-{number}", broker, rooms)
            for number, broker in enumerate(brokers, 1)
        ]
        self._joined = [
            Joined(f"client {number} of {room}", room, url)
            for room in rooms
            for number in range(1, JOINED_PER_ROOM + 1)
        ]
        self._everybody: list[Watcher | Joined] = [*self._watchers, *self._joined]
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            for one in self._everybody:
                opening.enter_context(one)
            self._open = opening.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.__exit__(kind, error, trace)

    def sights_of(self, room: str) -> list[Sight]:
        """Return what those see who watch a room, the plain watchers first."""
        joined = [one.sight for one in self._joined if one.room == room]
        return [one.sight for one in self._watchers] + joined

    def first_above(self, room: str, total: int) -> float | None:
        """Return when the last of all first saw more; None if one has not yet."""
        firsts = [one.first_above(room, total) for one in self.sights_of(room)]
        return None if None in firsts else max(filter(None, firsts))

    def forget_times(self) -> None:
        """Forget when what was shown; what was shown last is kept."""
        for one in self._everybody:
            one.sight.rises = {}

    def take_faults(self) -> list[str]:
        """Return what went backwards, or gave up, since this was asked last."""
        found = []
        for sight in [one.sight for one in self._everybody]:
            found += sight.faults
            sight.faults = []
        return found


def shown(frame: Frame) -> Shown:
    """Take of the library's frame what is looked at here."""
    return Shown(frame.room, frame.position, frame.total, Counter(frame.totals))
