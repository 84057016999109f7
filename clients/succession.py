"""A client's place, and the one that follows it when its cluster is to be left.

Pure, as `clients.attendance` is, of which it has one or two: make before break. Each
has a leg of its own, a connection to one broker after the other, told by its number.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from clients.attendance import Attendance
from clients.event import Connected, Event, Message
from clients.newest import DECODERS
from clients.steps import Action, Disconnect, Joined, Placed, PutOff, Succeed
from clients.worker.wire import Join
from stream.frame import BadFrame

SWITCHED_WITHIN_S = 3.0
"""In a room where nothing comes, nothing tells that both are at the same frame."""


@dataclass(frozen=True, slots=True)
class Do:
    """What is to be done on a leg's connection."""

    leg: int
    action: Action


class Succession:
    """Keeps one client in a room's audience, and moves it without missing a frame.

    Every frame comes over the leg before, or over the next, or both: the leg before is
    left when it has brought the first that the next has, and with it all before.

    Args:
        join: What it asks for.
        draw: Returns a random number between 0 and 1.
    """

    def __init__(self, join: Join, draw: Callable[[], float] = random.random) -> None:
        self._join, self._draw = join, draw
        self._decode = DECODERS[join.profile]
        self._serving = 0
        self._attendances = {0: Attendance(join, draw)}
        self._topic, self._newest = "", b""
        """Where the serving leg's frames come, and its last."""
        self._begin()

    def _begin(self) -> None:
        """Have nothing of a next leg."""
        self._joined: Joined | None = None
        self._came: list[Event] = []
        self._first: Any = None
        """The position from which on the next leg has every frame."""
        self._is_moved_on = False

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
        actions = self._attendances[leg].take(event)
        if leg == self._serving:
            steps = self._served(actions, event)
        else:
            steps = self._prepared(leg, actions, event)
        if self._is_time(event.at_s):
            steps += [*self._switch(event.at_s), Do(self._serving - 1, Disconnect())]
        return steps

    def _served(self, actions: list[Action], event: Event) -> list[Do | Event]:
        leg, steps = self._serving, list[Do | Event]()
        for action in actions:
            match action:
                case Succeed():
                    self._attendances.setdefault(
                        leg + 1, Attendance(self._join, self._draw)
                    )
                case Joined():
                    self._topic = action.assignment.topic
                    steps.append(action)
                case _:
                    steps.append(Do(leg, action))
        if isinstance(event, Message) and event.topic == self._topic:
            self._newest = self._newer(event.payload)
        is_left = any(isinstance(action, Disconnect) for action in actions)
        if is_left and leg + 1 in self._attendances:
            return steps + self._go_on_alone(event)
        if not isinstance(event, Connected | Placed):
            steps.append(event)
        return steps

    def _prepared(
        self, leg: int, actions: list[Action], event: Event
    ) -> list[Do | Event]:
        steps = list[Do | Event]()
        for action in actions:
            match action:
                case Succeed():
                    self._is_moved_on = True
                case Joined():
                    self._begin()
                    self._joined = action
                case _:
                    steps.append(Do(leg, action))
        if any(isinstance(action, Disconnect) for action in actions):
            self._begin()
        if self._joined and isinstance(event, Message):
            self._came.append(event)
            self._look_for_the_first(event, self._joined)
        return steps

    def _look_for_the_first(self, message: Message, joined: Joined) -> None:
        if self._first is not None or message.topic != joined.assignment.topic:
            return
        position, reached = self._position(message.payload), self._reached()
        # What is retained may be left from somebody who served there once.
        is_new = reached is None or (position is not None and position >= reached)
        if not message.retained or is_new:
            self._first = position

    def _is_time(self, now_s: float) -> bool:
        """Tell whether the next leg can serve alone."""
        if self._joined is None:
            return False
        reached = self._reached()
        if self._first is not None and reached is not None and reached >= self._first:
            return True
        return now_s - self._joined.at_s >= SWITCHED_WITHIN_S

    def _switch(self, now_s: float) -> list[Do | Event]:
        """Serve by the next leg; return all that came on it so far."""
        assert self._joined  # noqa: S101 - for the type checker: see the callers
        del self._attendances[self._serving]
        self._serving += 1
        self._topic = self._joined.assignment.topic
        told: list[Do | Event] = [replace(self._joined, at_s=now_s, is_move=True)]
        for event in self._came:
            told.append(replace(event, at_s=now_s))
            if isinstance(event, Message) and event.topic == self._topic:
                self._newest = self._newer(event.payload)
        if self._is_moved_on:
            self._attendances[self._serving + 1] = Attendance(self._join, self._draw)
        self._begin()
        return told

    def _go_on_alone(self, event: Event) -> list[Do | Event]:
        """The leg that served is gone before the next was ready."""
        if self._joined:
            return self._switch(event.at_s)
        del self._attendances[self._serving]
        self._serving += 1
        self._begin()
        return [event]

    def _newer(self, payload: bytes) -> bytes:
        """Return the newer one, where that matters: else it is not worth reading."""
        if not payload:
            return self._newest
        known, position = self._reached(), None
        if len(self._attendances) > 1:
            position = self._position(payload)
            if position is None or (known is not None and position < known):
                return self._newest
        return payload

    def _reached(self) -> Any:  # noqa: ANN401 - of either profile
        return self._position(self._newest)

    def _position(self, payload: bytes) -> Any:  # noqa: ANN401 - of either profile
        try:
            return self._decode(payload).position
        except BadFrame:
            return None
