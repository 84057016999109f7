"""A viewer: one anonymous MQTT connection to one cluster's broker."""

import json
import threading
from collections.abc import Callable
from typing import Any, Self

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from tests.integration.processes import LOOPBACK

FRAME_WITHIN_S = 60
"""Frames take one second; a machine that runs other things may take much longer."""

Frame = dict[str, Any]


class Observer:
    """Keeps every frame of the rooms it watches, in the order they came."""

    def __init__(
        self,
        port: int,
        room: str = "+",
        protocol: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5,
    ) -> None:
        self.frames: list[Frame] = []
        self.retained: list[Frame] = []
        self._port, self._topic = port, f"rooms/{room}/frame"
        self._changed = threading.Condition()
        self._subscribed = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=protocol)
        self._client.reconnect_delay_set(1, 2)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message

    def __enter__(self) -> Self:
        self._client.connect(LOOPBACK, self._port)
        self._client.loop_start()
        assert self._subscribed.wait(FRAME_WITHIN_S), f"no SUBACK on {self._port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def wait_for(
        self, wanted: Callable[[Frame], bool], within_s: float = FRAME_WITHIN_S
    ) -> Frame:
        """Return the first frame that is `wanted`, as soon as it is here."""

        def found() -> Frame | None:
            return next((frame for frame in self.frames if wanted(frame)), None)

        with self._changed:
            frame = self._changed.wait_for(found, within_s)
            assert frame, f"no such frame on {self._port}; the last: {self.frames[-3:]}"
            return frame

    def wait_for_total(self, total: int, within_s: float = FRAME_WITHIN_S) -> Frame:
        """Return the first frame whose total is `total` or beyond, which must fit."""
        frame = self.wait_for(lambda frame: frame["total"] >= total, within_s)
        assert frame["total"] == total, frame
        return frame

    def last_words(self) -> dict[int, Frame]:
        """Return the newest frame of each window that was seen, by its start."""
        newest: dict[int, Frame] = {}
        with self._changed:
            for frame in sorted(self.frames, key=position):
                newest[frame["window_start_ms"]] = frame
        return dict(sorted(newest.items()))

    def _on_connect(
        self,
        client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        _reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        client.subscribe(self._topic, qos=0)

    def _on_subscribe(self, *_: object) -> None:
        self._subscribed.set()

    def _on_message(
        self, _client: Client, _userdata: object, message: MQTTMessage
    ) -> None:
        frame = json.loads(message.payload)
        with self._changed:
            self.frames.append(frame)
            if message.retain:
                self.retained.append(frame)
            self._changed.notify_all()


def position(frame: Frame) -> tuple[str, int, int]:
    """Return what orders the frames of a room."""
    return (frame["epoch"], frame["seq"], frame["window_start_ms"])
