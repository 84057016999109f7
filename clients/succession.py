"""A client's place, and the one that follows it when its cluster is to be left.

Pure, as `clients.attendance` is, of which it has one or two: make before break. Each
has a leg of its own, a connection to one broker after the other, told by its number.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from clients.attendance import Attendance
from clients.event import CaughtUp, Connected, Event, Message
from clients.newest import DECODERS
from clients.steps import (
    Action,
    Disconnect,
    Joined,
    NotAdmitted,
    Placed,
    PutOff,
    Succeed,
)
from clients.worker.wire import Join
from stream.frame import BadFrame

QUIET_FOR_S = 3.0
"""In a room where nothing comes, nothing tells that both are at the same frame: then
this counts, from when the next leg would hear of a frame, and from each that comes."""


@dataclass(frozen=True, slots=True)
class Do:
    """What is to be done on a leg's connection."""

    leg: int
    action: Action


@dataclass(slots=True)
class _Next:
    """The leg that is to follow, and what it has since it joined."""

    leg: int
    joined: Joined | None = None
    came: list[Event] = field(default_factory=list)
    first: Any = None
    """The position from which on it has every frame."""
    quiet_since_s: float | None = None
    """Since when no frame has come; None while it might not hear of one."""
    is_moved_on: bool = False


class Succession:
    """Keeps one client in a room's audience, and moves it without missing a frame.

    Every frame comes over the leg before, or over the next, or both: the leg before is
    left when it has brought the first that the next has, and with it all before. As
    long as it brings others, and the next does not, it is not left.

    Args:
        join: What it asks for.
        draw: Returns a random number between 0 and 1.
    """

    def __init__(self, join: Join, draw: Callable[[], float] = random.random) -> None:
        self._join, self._draw = join, draw
        self._decode = DECODERS[join.profile]
        self._serving = self._newest_leg = 0
        self._attendances = {0: Attendance(join, draw)}
        self._next: _Next | None = None
        self._topic, self._newest = "", b""
        """Where the serving leg's frames come, and its last."""

    @property
    def legs(self) -> tuple[int, ...]:
        """The one that serves, and the one that is to follow it, if there is one."""
        return (*self._attendances,)

    def take(self, leg: int, event: Event | Placed | PutOff) -> list[Do | Event]:
        """Learn what happened on a leg.

        Returns what is to be done, and the events of the leg that serves, in order.

        Raises:
            Evicted: If it has been put out.
            NotAdmitted: If it is not taken, and would not be another time.
        """
        if leg not in self._attendances:
            return []
        try:
            actions = self._attendances[leg].take(event)
        except NotAdmitted:
            if leg == self._serving:
                raise
            return []  # it is served, and looks for another place
        if self._next and leg == self._next.leg:
            steps = self._prepared(self._next, actions, event)
        else:
            steps = self._served(actions, event)
        return steps + self._decided(event.at_s)

    def _served(self, actions: list[Action], event: Event) -> list[Do | Event]:
        leg, steps = self._serving, list[Do | Event]()
        for action in actions:
            match action:
                case Succeed():
                    self._succeed()
                case Joined():
                    self._topic = action.assignment.topic
                    steps.append(action)
                case _:
                    steps.append(Do(leg, action))
        if isinstance(event, Message) and event.topic == self._topic:
            self._note(event)
        if self._next and _is_left(actions):
            return steps + self._go_on_alone(self._next, event)
        if not isinstance(event, Connected | Placed):
            steps.append(event)
        return steps

    def _succeed(self) -> None:
        if self._next is None:
            self._newest_leg += 1
            self._next = _Next(self._newest_leg)
            self._attendances[self._newest_leg] = Attendance(self._join, self._draw)

    def _prepared(
        self, to: _Next, actions: list[Action], event: Event
    ) -> list[Do | Event]:
        steps = list[Do | Event]()
        for action in actions:
            match action:
                case Succeed():
                    to.is_moved_on = True
                case Joined():
                    self._next = to = _Next(to.leg, action)
                case _:
                    steps.append(Do(to.leg, action))
        if _is_left(actions):
            self._next = _Next(to.leg)
        elif to.joined:
            self._hear(to, event, to.joined.assignment.topic)
        return steps

    def _hear(self, to: _Next, event: Event, place: str) -> None:
        """Learn what the next leg has: it counts from when it has joined."""
        if isinstance(event, CaughtUp) and place in event.topics:
            to.quiet_since_s = event.at_s
        if isinstance(event, Message):
            to.came.append(event)
            if event.topic == place and to.first is None:
                to.first = self._first(event)

    def _first(self, message: Message) -> Any:  # noqa: ANN401 - of either profile
        """Return from where on every frame comes, if this tells it."""
        position, reached = self._position(message.payload), self._reached()
        # What is retained may be left from somebody who served there once.
        is_new = reached is None or (position is not None and position >= reached)
        return position if is_new or not message.retained else None

    def _decided(self, now_s: float) -> list[Do | Event]:
        """Leave the leg before, or the next one, if it is time to."""
        to, before = self._next, self._serving
        if to is None:
            return []
        if to.joined is None:
            if self._attendances[before].is_to_leave:
                return []
            del self._attendances[to.leg]
            self._next = None
            return [Do(to.leg, Disconnect())]
        if not self._is_time(to, now_s):
            return []
        return [*self._switch(to, to.joined, now_s), Do(before, Disconnect())]

    def _is_time(self, to: _Next, now_s: float) -> bool:
        """Tell whether the next leg can serve alone."""
        reached, since_s = self._reached(), to.quiet_since_s
        if to.first is not None and reached is not None and reached >= to.first:
            return True
        return since_s is not None and now_s - since_s >= QUIET_FOR_S

    def _switch(self, to: _Next, joined: Joined, now_s: float) -> list[Do | Event]:
        """Serve by the next leg; return all that came on it so far."""
        told: list[Do | Event] = [replace(joined, at_s=now_s, is_move=True)]
        self._topic = joined.assignment.topic
        for event in to.came:
            told.append(replace(event, at_s=now_s))
            if isinstance(event, Message) and event.topic == self._topic:
                self._note(event)
        self._serve_by(to)
        if to.is_moved_on:
            self._succeed()
        return told

    def _serve_by(self, to: _Next) -> None:
        del self._attendances[self._serving]
        self._serving, self._next = to.leg, None

    def _go_on_alone(self, to: _Next, event: Event) -> list[Do | Event]:
        """The leg that served is gone before the next was ready."""
        if to.joined:
            return self._switch(to, to.joined, event.at_s)
        self._serve_by(to)
        return [event]

    def _note(self, message: Message) -> None:
        """Keep the newest frame, where that matters: else it is not worth reading."""
        if not message.payload:
            return
        if self._next:
            known, position = self._reached(), self._position(message.payload)
            if position is None or (known is not None and position < known):
                return
            is_news = message.payload != self._newest
            if is_news and self._next.quiet_since_s is not None:
                self._next.quiet_since_s = message.at_s
        self._newest = message.payload

    def _reached(self) -> Any:  # noqa: ANN401 - of either profile
        return self._position(self._newest)

    def _position(self, payload: bytes) -> Any:  # noqa: ANN401 - of either profile
        try:
            return self._decode(payload).position
        except BadFrame:
            return None


def _is_left(actions: list[Action]) -> bool:
    return any(isinstance(action, Disconnect) for action in actions)
