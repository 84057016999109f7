"""What is sent to a broker, and what is asked of it, as plain values."""

from dataclasses import dataclass
from functools import lru_cache

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from mosquitto.topic import BRIDGE_TIME, SPREAD, WORKER_TIME


class _Packed(Properties):
    """Properties that are packed once: a frame goes to many topics with the same.

    That took 26 of 41 µs a message.
    """

    def __init__(self, kind: int) -> None:
        super().__init__(kind)  # type: ignore[no-untyped-call]  # paho

    def pack(self) -> bytes:
        """Return them as they travel."""
        known: bytes | None = self.__dict__.get("packed")
        if known is None:
            known = super().pack()  # type: ignore[no-untyped-call]  # paho
            self.__dict__["packed"] = known
        return known


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What MQTT 5 lets a message say beside its payload."""

    bridge_ms: int | None = None
    worker_ms: int | None = None
    """When it left each hop, in milliseconds since the epoch."""
    spread_s: float | None = None
    expires_in_s: int | None = None
    """After that the broker neither sends nor keeps it."""
    reply_to: str | None = None
    """The topic on which an answer is awaited."""
    correlation: bytes | None = None
    """By which the answer is known: it comes with it."""

    @lru_cache(maxsize=8)  # noqa: B019 - values, and few
    def properties(self, kind: int = PacketTypes.PUBLISH) -> Properties:
        """Return them as paho takes them; not to be changed."""
        properties = _Packed(kind)
        for name, number in (
            (BRIDGE_TIME, self.bridge_ms),
            (WORKER_TIME, self.worker_ms),
            (SPREAD, self.spread_s),
        ):
            if number is not None:
                properties.UserProperty = (name, str(number))
        if self.expires_in_s is not None:
            properties.MessageExpiryInterval = self.expires_in_s
        if self.reply_to is not None:
            properties.ResponseTopic = self.reply_to
        if self.correlation is not None:
            properties.CorrelationData = self.correlation
        return properties


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message to publish, or a will."""

    topic: str
    payload: bytes = b""
    """Empty and retained, it takes away what was retained."""
    qos: int = 0
    retain: bool = False
    extras: Extras | None = None


@dataclass(frozen=True, slots=True)
class Following:
    """How a topic is subscribed to."""

    qos: int = 0
    own: bool = True
    """With what is published on the same connection."""
    kept: bool = True
    """With what is retained already."""
    shows_retain: bool = False
    """Whether `Message.retained` is also true of what comes now and is retained."""

    def options(self) -> SubscribeOptions:
        """Return it as paho takes it."""
        handling = (
            SubscribeOptions.RETAIN_SEND_ON_SUBSCRIBE
            if self.kept
            else SubscribeOptions.RETAIN_DO_NOT_SEND
        )
        return SubscribeOptions(
            self.qos,
            noLocal=not self.own,
            retainAsPublished=self.shows_retain,
            retainHandling=handling,
        )
