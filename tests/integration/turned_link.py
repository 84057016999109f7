"""A link that is turned by the thread of its test."""

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self, TypeVar

from clients.event import CaughtUp, Event, Lost, Message
from clients.link import Address, Link
from clients.parcel import Following, Parcel

SOON_S = 30

_NOTHING = "control/nothing"

_Kind = TypeVar("_Kind", bound=Event)


class TurnedLink:
    """Keeps what its link hears. It is connected and has caught up when it is made."""

    def __init__(
        self,
        broker: Address,
        topics: Mapping[str, Following],
        *,
        will: Parcel | None = None,
        keepalive_s: int = 10,
    ) -> None:
        self.link = Link(
            broker, topics, wait_max_s=0.5, will=will, keepalive_s=keepalive_s
        )
        self.heard: list[Event] = []
        self._events = self.link.events()
        self.turn_until(lambda: bool(self.of(CaughtUp)), "connection")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.link.close()

    @property
    def messages(self) -> list[Message]:
        """All messages so far."""
        return self.of(Message)

    @property
    def losses(self) -> list[str]:
        """Why each connection so far ended."""
        return [event.reason for event in self.of(Lost)]

    def of(self, kind: type[_Kind]) -> list[_Kind]:
        """Return what happened of this kind."""
        return [event for event in self.heard if isinstance(event, kind)]

    def follow(self, topic: str, how: Following) -> None:
        """Follow a topic, and wait for all that is retained there."""
        self._wait_for(self.link.follow(topic, how))

    def publish(self, parcel: Parcel) -> None:
        """Publish, and wait until the broker has it."""
        self.link.publish(parcel)
        # What is asked for later is answered later.
        self._wait_for(self.link.follow(_NOTHING))

    def _wait_for(self, wish: int) -> None:
        self.turn_until(
            lambda: any(event.wish >= wish for event in self.of(CaughtUp)), "answer"
        )

    def turn_until(self, done: Callable[[], bool], what: str) -> None:
        """Send and receive until `done()`."""
        deadline = time.monotonic() + SOON_S
        while not done():
            self.heard.append(next(self._events))
            assert time.monotonic() < deadline, f"no {what} in {SOON_S} s"
