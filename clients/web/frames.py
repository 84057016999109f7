"""Each room's newest frame, for the threads of a web worker.

One connection to main follows the rooms that somebody asks for, not all: what a
worker spends depends on its own readers and not on how many rooms there are.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Protocol

from bridge.outage import Outage
from clients.event import Connected, Event, Lost
from clients.web import metrics
from clients.web.board import Board, HeldFrame
from clients.web.refusal import NoFrame, Stale
from mosquitto.topic import room_frame

ANSWER_WITHIN_S = 1.0
"""How long who asks for a room that is not followed yet waits; usually a few ms."""

CLOSE_WITHIN_S = 1.0

log = logging.getLogger(__name__)


class FrameLink(Protocol):
    """Where frames and pulses come from; `clients.link.Link` is one."""

    def events(self) -> Iterator[Event]:
        """Yield what happens, and a `Tick` at least every quarter of a second."""
        ...

    def follow(self, topic: str) -> int:
        """Follow a topic; called by any thread. Returns the number of the wish."""
        ...

    def drop(self, topic: str) -> None:
        """Follow a topic no more; called by any thread."""
        ...

    def close(self) -> None:
        """Take leave, in the thread that iterates over `events`."""
        ...


class RoomFrames:
    """Answers many threads from what one thread hears.

    Args:
        link: Followed by a thread of this object's own, from `start` to `close`.
        board: Keeps what was heard.
        waiting_max: Threads that may wait for a room at a time. A worker serves more
            than reads: a main broker that hangs shall not have all its threads.
        answer_within_s: How long each of them may wait.
        clock: Seconds that only go forward, as in the events.
        end_worker: Called when that thread cannot go on; whoever runs the worker
            starts another.
    """

    def __init__(  # noqa: PLR0913 - the last three are for tests
        self,
        link: FrameLink,
        board: Board,
        *,
        waiting_max: int,
        answer_within_s: float = ANSWER_WITHIN_S,
        clock: Callable[[], float] = time.monotonic,
        end_worker: Callable[[], None] = lambda: os.kill(os.getpid(), signal.SIGTERM),
    ) -> None:
        self._link, self._board, self._clock = link, board, clock
        self._end_worker = end_worker
        self._answer_within_s = answer_within_s
        self._changed = threading.Condition()
        self._places = threading.Semaphore(waiting_max)
        self._outage = Outage("main", metrics.MAIN_UP)
        self._closing = False
        self._thread = threading.Thread(target=self._listen, name="frames", daemon=True)

    def start(self) -> None:
        """Begin to listen; returns at once."""
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._closing = True
        self._thread.join(CLOSE_WITHIN_S)

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
        if not self._places.acquire(blocking=False):
            raise Stale("Too many wait for rooms that are new here")
        try:
            self._changed.wait_for(
                lambda: self._board.knows(room) or not self._is_live(),
                self._answer_within_s,
            )
        finally:
            self._places.release()
        self._check_live()
        if not self._board.knows(room):
            raise Stale("The main broker did not answer in time")

    def _listen(self) -> None:
        try:
            for event in self._link.events():
                if self._closing:
                    break
                self._take(event)
        finally:
            # Without this thread every room would be stale for the worker's life.
            if not self._closing:
                self._end()
        self._link.close()

    def _take(self, event: Event) -> None:
        with self._changed:
            self._board.take(event)
            for room in self._board.forget(event.at_s):
                self._link.drop(room_frame(room))
            self._changed.notify_all()
        self._tell(event)
        metrics.ROOMS.set(len(self._board))

    def _end(self) -> None:
        """Know nothing any more, and let another worker start with a new listener."""
        log.critical("listener ended")
        try:
            self._take(Lost(self._clock(), "the listener ended"))
        finally:
            self._end_worker()

    def _tell(self, event: Event) -> None:
        """Say in the log and the metrics when main is there and when it is lost."""
        match event:
            case Connected():
                self._outage.ended()
            case Lost(reason=reason):
                self._outage.lasts(reason)
            case _:
                pass
