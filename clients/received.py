"""A message as paho hands it over, read as an event."""

import re
import time
from collections.abc import Mapping

from paho.mqtt.client import MQTTMessage
from paho.mqtt.properties import Properties

from clients.event import Message
from mosquitto.topic import BRIDGE_TIME, WORKER_TIME

# To the year 33,658; what is much longer, `int` does not take.
_MILLISECONDS = re.compile(r"[0-9]{1,15}")


def read(message: MQTTMessage) -> Message:
    """Return what has just come, with the time of now."""
    properties = message.properties
    times = _times(properties)
    return Message(
        time.monotonic(),
        message.topic,
        bytes(message.payload),
        retained=message.retain,
        bridge_ms=times.get(BRIDGE_TIME),
        here_ms=time.time_ns() // 1_000_000,
        worker_ms=times.get(WORKER_TIME),
        reply_to=getattr(properties, "ResponseTopic", None),
        correlation=getattr(properties, "CorrelationData", None),
        expires_in_s=getattr(properties, "MessageExpiryInterval", None),
    )


def _times(properties: Properties | None) -> Mapping[str, int]:
    """Read the hops' own times, as far as the message has them in a form we know."""
    pairs = dict(getattr(properties, "UserProperty", []))
    return {
        name: int(text) for name, text in pairs.items() if _MILLISECONDS.fullmatch(text)
    }
