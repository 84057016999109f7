"""The open loop: each POST is sent at its time, whatever the answers."""

import asyncio
import contextlib
import itertools
import os
import time
from collections.abc import Callable, Iterable

from clients.crowd.line import Lines
from clients.crowd.schedule import LATE_AFTER_S, Due
from clients.crowd.sending import Batch, Sendings, Sent

START_IN_S = 0.5
"""From being ready to the first POST's time."""

Writer = Callable[[Due, int], bytes]
"""Returns a POST whole, from what is due and its number."""


class OpenLoop:
    """Sends what is due and keeps the book.

    Args:
        due: In the order of time.
        lines: Connections.
        write: Makes the requests.
        seconds: After the start, when the timetable ends.
        after: Told each outcome; a closed loop sends the next one then.
    """

    def __init__(
        self,
        due: Iterable[Due],
        lines: Lines,
        write: Writer,
        seconds: float,
        after: Callable[[Sent], None] = lambda _: None,
    ) -> None:
        self._due, self._lines, self._write = due, lines, write
        self._seconds, self._after = seconds, after
        self._indices = itertools.count()
        self._book: list[Sent] = []
        self._underway: set[Batch] = set()
        self._all_done = asyncio.Event()
        self._timetable: asyncio.Task[None] | None = None
        self._start_s = 0.0
        self._is_stopped = False
        self.posts = self.late = self.sent = 0

    async def run(
        self, begin: Callable[[], object], started: Callable[[float], object]
    ) -> Sendings:
        """Return the book once every POST has its outcome.

        Args:
            begin: Called when the first is due; a closed loop sends its first then.
            started: Told the start, in seconds since the epoch, shortly before it.
        """
        sweeping = asyncio.create_task(self._lines.sweep())
        self._start_s = time.monotonic() + START_IN_S
        started_s = time.time() + START_IN_S
        started(started_s)
        self._timetable = asyncio.create_task(self._keep_to_timetable(begin))
        if self._is_stopped:
            self._timetable.cancel()
        cpu_s = time.process_time()
        with contextlib.suppress(asyncio.CancelledError):
            await self._timetable
        self._check_done()
        await self._all_done.wait()
        cpu_share = (time.process_time() - cpu_s) / max(self.now_s(), 0.001)
        sweeping.cancel()
        self._lines.close()
        first = os.sched_getscheduler(0) == os.SCHED_FIFO
        book = tuple(self._book)
        return Sendings(started_s, book, self._lines.most, first, cpu_share)

    def stop(self, within_s: float) -> None:
        """Send nothing new, and wait for answers only so long."""
        self._is_stopped = True
        if self._timetable:
            self._timetable.cancel()
        asyncio.get_running_loop().call_later(within_s, self._give_up)

    def send(self, due: Due) -> None:
        """Send a POST now."""
        self.posts += 1
        self.sent += due.reactions
        self.late += self.now_s() - due.at_s > LATE_AFTER_S
        batch = Batch(
            room=due.room,
            reactions=due.reactions,
            due_s=due.at_s,
            request=self._write(due, next(self._indices)),
            desk=self,
            done=lambda sent: self._done(batch, sent),
            who=due.who,
        )
        self._underway.add(batch)
        self.post(batch)

    def now_s(self) -> float:
        """Return the seconds since the start."""
        return time.monotonic() - self._start_s

    def post(self, batch: Batch) -> None:
        """Send a batch as soon as a connection is free."""
        self._lines.post(batch)

    def post_later(self, pause_s: float, batch: Batch) -> None:
        """Send it after a pause."""
        asyncio.get_running_loop().call_later(pause_s, self.post, batch)

    async def _keep_to_timetable(self, begin: Callable[[], object]) -> None:
        await asyncio.sleep(-self.now_s())
        begin()
        for due in self._due:
            wait_s = due.at_s - self.now_s()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            self.send(due)
        await asyncio.sleep(self._seconds - self.now_s())

    def _done(self, batch: Batch, sent: Sent) -> None:
        self._book.append(sent)
        self._underway.discard(batch)
        self._after(sent)
        self._check_done()

    def _check_done(self) -> None:
        if self._timetable and self._timetable.done() and not self._underway:
            self._all_done.set()

    def _give_up(self) -> None:
        for batch in [*self._underway]:
            batch.give_up()
