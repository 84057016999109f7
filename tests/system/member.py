"""A registered client: a place over HTTP, a membership and frames over MQTT."""

import json
import re
import threading
from collections.abc import Callable
from typing import Any, Self

import httpx
from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from tests.system.observer import FRAME_WITHIN_S

JOIN_EVERY_S = 1.0
LITE = re.compile(r"(\d+) (\d+)((?: \S+ \d+){0,3})")
"""`window_start_ms total`, and up to three pairs of emoji and count."""


class Member:
    """Joins a room, and keeps all that its worker relays to it."""

    def __init__(
        self,
        http: httpx.Client,
        room: str,
        profile: str = "full",
        protocol: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5,
    ) -> None:
        answer = http.post("/v1/clients", json={"room": room, "profile": profile})
        assert answer.status_code == 201, answer.text
        self.place = answer.json()
        self.payloads: list[str] = []
        self.assignment: dict[str, Any] | None = None
        self._wish = json.dumps({"room": room, "profile": profile})
        self._changed = threading.Condition()
        self._id = self.place["client_id"]
        self._client = Client(
            CallbackAPIVersion.VERSION2, client_id=self._id, protocol=protocol
        )
        self._client.will_set(f"clients/{self._id}/leave", b"", qos=1)
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message

    def __enter__(self) -> Self:
        broker = self.place["brokers"][0]
        self._client.connect(broker["host"], broker["port"])
        self._client.loop_start()
        self.join()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.publish(f"clients/{self._id}/leave", qos=1)
        self._client.disconnect()
        self._client.loop_stop()

    def join(self) -> None:
        """Ask again and again until there is an answer."""
        with self._changed:
            self.assignment = None
            for _ in range(round(FRAME_WITHIN_S / JOIN_EVERY_S)):
                self._client.publish(f"clients/{self._id}/join", self._wish, qos=1)
                if self._changed.wait_for(lambda: self.assignment, JOIN_EVERY_S):
                    return
        raise AssertionError("nobody answers the join")

    def wait_for(
        self, wanted: Callable[[str], bool], within_s: float = FRAME_WITHIN_S
    ) -> str:
        """Return the first message that is `wanted`, as soon as it is here."""

        def found() -> str | None:
            return next((one for one in self.payloads if wanted(one)), None)

        with self._changed:
            one = self._changed.wait_for(found, within_s)
            assert one, (
                f"no such message for {self.place}; the last: {self.payloads[-3:]}"
            )
            return one

    def wait_for_total(self, total: int) -> str:
        """Return the first message of either profile with that total."""
        return self.wait_for(lambda one: _total(one) >= total)

    def _on_connect(
        self,
        client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        _reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        client.subscribe(
            [(f"clients/{self._id}/assignment", 1), (self.place["topic"], 0)]
        )

    def _on_message(
        self, _client: Client, _userdata: object, message: MQTTMessage
    ) -> None:
        with self._changed:
            if message.topic.startswith("clients/"):
                self.assignment = json.loads(message.payload)
            elif message.payload:
                self.payloads.append(message.payload.decode())
            self._changed.notify_all()


def _total(payload: str) -> int:
    if payload.startswith("{"):
        total: int = json.loads(payload)["total"]
        return total
    line = LITE.fullmatch(payload)
    assert line, payload
    return int(line[2])
