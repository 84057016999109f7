"""Gathers taps for a moment, and sends them in batches from a thread of its own.

A batch is repeated under its key until its fate is certain, 40 s at most; the batches
behind it wait that long. What the queue does not hold, is not taken.
"""

import copy
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

import msgspec

from clients.sender import Outcome, Reaction
from clients.tally import Tally
from ingest.topics import RECORD_REACTIONS_MAX

GATHERED_FOR_S = 0.25
QUEUED_MAX = 20 * RECORD_REACTIONS_MAX
"""Reactions that wait for those before them."""


class Poster(Protocol):
    """Sends a batch until its fate is certain; `clients.sender.Sender` does."""

    def send(self, body: bytes) -> Outcome:
        """Return what became of it."""
        ...


class Taps:
    """Takes taps from any thread.

    Args:
        user_id: Who taps.
        poster: Sends them.
        hurry: Is set when there is no time left; the poster ends soon after it.
        ended: Called when nothing is sent any more.
        gathered_for_s: How long a batch that is not full waits for more.
    """

    def __init__(
        self,
        user_id: str,
        poster: Poster,
        hurry: threading.Event,
        ended: Callable[[], object],
        gathered_for_s: float = GATHERED_FOR_S,
    ) -> None:
        self._user_id, self._poster = user_id, poster
        self._hurry, self._ended = hurry, ended
        self._gathered_for_s = gathered_for_s
        self._tally = Tally()
        self._queue: deque[Reaction] = deque()
        self._changed = threading.Condition()
        self._sending = 0
        self._is_closing = False
        self._thread = threading.Thread(target=self._run, name="taps", daemon=True)
        self._thread.start()

    @property
    def tally(self) -> Tally:
        """What became of the taps so far."""
        with self._changed:
            return copy.deepcopy(self._tally)

    def add(self, emoji: str, count: int) -> bool:
        """Take taps; return whether there was room for them."""
        one = Reaction(self._user_id, emoji, time.time_ns() // 1_000_000)
        with self._changed:
            self._tally.asked += count
            if self._is_closing or len(self._queue) + count > QUEUED_MAX:
                return False
            self._queue.extend([one] * count)
            self._changed.notify()
        return True

    def close(self, within_s: float) -> Tally:
        """Send what waits, as far as there is time; return what became of all."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._thread.join(within_s)
        self._hurry.set()
        with self._changed:
            self._queue.clear()
            tally = copy.deepcopy(self._tally)
            tally.unknown += self._sending
        return tally

    def _run(self) -> None:
        while batch := self._gathered():
            outcome = self._poster.send(msgspec.json.encode(batch))
            with self._changed:
                self._tally.add(len(batch), outcome)
                self._sending = 0
        self._ended()

    def _gathered(self) -> list[Reaction]:
        """Wait for taps, and a moment more for others; at the end return none."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._is_closing)
            self._changed.wait_for(
                lambda: self._is_closing or len(self._queue) >= RECORD_REACTIONS_MAX,
                self._gathered_for_s,
            )
            size = min(len(self._queue), RECORD_REACTIONS_MAX)
            self._sending = size
            return [self._queue.popleft() for _ in range(size)]
