"""Each room's newest frame, for the threads of a web worker.

The connection to main follows the rooms that somebody asks for, not all: what a
worker spends depends on its own readers and not on how many rooms there are.
"""

import threading
import time
from collections.abc import Callable
from typing import Protocol

from clients.event import Event
from clients.web import metrics
from clients.web.board import Board, HeldFrame
from clients.web.refusal import NoFrame, Stale
from mosquitto.topic import room_frame

ANSWER_WITHIN_S = 1.0
"""How long who asks for a room that is not followed yet waits; usually a few ms."""


class FrameLink(Protocol):
    """Where frames and pulses come from; `clients.link.Link` is one."""

    def follow(self, topic: str) -> int:
        """Follow a topic; called by any thread. Returns the number of the wish."""
        ...

    def drop(self, topic: str) -> None:
        """Follow a topic no more; called by any thread."""
        ...


class RoomFrames:
    """Answers many threads from what one thread hears.

    Args:
        link: Told which rooms to follow.
        board: Keeps what was heard.
        changed: Held by who learns and by who looks, and notified by the former.
        waiting_max: Threads that may wait for a room at a time. A worker serves more
            than reads: a main broker that hangs shall not have all its threads.
        answer_within_s: How long each of them may wait.
        clock: Seconds that only go forward, as in the events.
    """

    def __init__(  # noqa: PLR0913 - the last two are for tests
        self,
        link: FrameLink,
        board: Board,
        changed: threading.Condition,
        *,
        waiting_max: int,
        answer_within_s: float = ANSWER_WITHIN_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._link, self._board, self._clock = link, board, clock
        self._answer_within_s = answer_within_s
        self._changed = changed
        self._waiting = threading.Semaphore(waiting_max)

    def take(self, event: Event) -> None:
        """Learn what happened; called by who listens, and holds `changed`."""
        self._board.take(event)
        for room in self._board.forget(event.at_s):
            self._link.drop(room_frame(room))
        metrics.ROOMS.set(len(self._board))

    def problem(self) -> str | None:
        """Say why no frame can be read, None if main is there."""
        return None if self._board.connected else "The main broker does not answer"

    def newest(self, room: str) -> HeldFrame:
        """Return the newest frame of a room, within a second or so.

        Raises:
            NoFrame: If the room never had one.
            Stale: If that cannot be known now.
        """
        with self._changed:
            self._check_live()
            if self._board.ask(room, self._clock()):
                self._board.follows(room, self._link.follow(room_frame(room)))
            if not self._board.knows(room):
                self._wait_for(room)
            frame = self._board.newest(room)
        if frame is None:
            raise NoFrame
        return frame

    def _is_live(self) -> bool:
        return self._board.is_live(self._clock())

    def _check_live(self) -> None:
        if not self._is_live():
            raise Stale(self.problem() or "No pulse came for six seconds")

    def _wait_for(self, room: str) -> None:
        if not self._waiting.acquire(blocking=False):
            raise Stale("Too many wait for rooms that are new here")
        try:
            self._changed.wait_for(
                lambda: self._board.knows(room) or not self._is_live(),
                self._answer_within_s,
            )
        finally:
            self._waiting.release()
        self._check_live()
        if not self._board.knows(room):
            raise Stale("The main broker did not answer in time")
