"""What happens on a connection to a broker, as plain values."""

from dataclasses import dataclass

STALE_AFTER_S = 6.0
"""Three pulses are missing: something between the stream and here is broken."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed. Every event carries the monotonic clock, in seconds."""

    at_s: float


@dataclass(frozen=True, slots=True)
class Connected(Tick):
    """The broker has let us in; what was known before may be old."""


@dataclass(frozen=True, slots=True)
class CaughtUp(Tick):
    """All that the broker retained under these topics has come before this."""

    topics: frozenset[str]
    wish: int = 0
    """The number of the newest wish that was carried out when it was asked for them."""


@dataclass(frozen=True, slots=True)
class Lost(Tick):
    """There is no connection to the broker, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Message(Tick):
    """A message as the broker sent it, and when it came by the wall clock.

    What MQTT 5 adds is None where a sender or a hop did not say it.
    """

    topic: str
    payload: bytes
    retained: bool
    bridge_ms: int | None
    here_ms: int
    worker_ms: int | None = None
    reply_to: str | None = None
    """The topic on which its sender waits for an answer."""
    correlation: bytes | None = None
    """By which its sender knows the answer."""
    expires_in_s: int | None = None
    spread_s: float | None = None
    """Over how long the clients of this broker spread out if it dies now."""


Event = Tick | Connected | CaughtUp | Lost | Message
