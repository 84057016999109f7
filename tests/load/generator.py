"""The generator: a process of its own that keeps to its timetable.

`python -m tests.load.generator` reads a `Plan` on stdin. It writes the time of its
start to stdout, and at the end `Sendings`, a line of JSON each. An open loop: each POST
is sent at its time, however late the server is with earlier ones. Where the plan is a
closed loop, only the canary has a timetable.
"""

import asyncio
import contextlib
import gc
import itertools
import os
import random
import sys
import time
from collections.abc import Callable

import msgspec

from tests.load.line import Lines
from tests.load.requests import Requests
from tests.load.schedule import Due, Plan, timetable
from tests.load.sending import Batch, Sendings, Sent

LINES_MAX = 512
LINES_AT_START = 16
START_IN_S = 0.5
"""From having all requests ready to the first one's time."""

_PRIORITY = 1
"""Of the real-time ones, the lowest: above everything that is measured."""


class Generator:
    """Sends what a plan says and keeps the book."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._due = timetable(plan)
        self._requests = Requests(plan.host, plan.seed)
        for reactions in (1, plan.per_post):
            self._requests.prepare(reactions)
        self._lines = Lines(plan.host, plan.port, LINES_MAX)
        self._indices = itertools.count()
        self._book: list[Sent] = []
        self._underway = 0
        self._all_done = asyncio.Event()
        self._start_s = 0.0

    async def run(self, say: Callable[[float], None]) -> Sendings:
        """Return the book once every POST has its outcome.

        Args:
            say: Told the start, in seconds since the epoch, shortly before it.
        """
        await self._lines.warm(self._plan.closed or LINES_AT_START)
        sweeping = asyncio.create_task(self._lines.sweep())
        self._start_s = time.monotonic() + START_IN_S
        started_s = time.time() + START_IN_S
        say(started_s)
        await self._keep_to_timetable()
        await self._all_done.wait()
        sweeping.cancel()
        self._lines.close()
        first = os.sched_getscheduler(0) == os.SCHED_FIFO
        return Sendings(started_s, tuple(self._book), self._lines.most, first)

    async def _keep_to_timetable(self) -> None:
        self._underway = 1  # the timetable itself: nothing is done before it ends
        await asyncio.sleep(-self.now_s())
        for _ in range(self._plan.closed):
            self._send_another()
        for due in self._due:
            wait_s = due.at_s - self.now_s()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            self._send(due)
        await asyncio.sleep(self._plan.seconds - self.now_s())
        self._end_one()

    def now_s(self) -> float:
        """Return the seconds since the start."""
        return time.monotonic() - self._start_s

    def post(self, batch: Batch) -> None:
        """Send a batch as soon as a connection is free."""
        self._lines.post(batch)

    def post_later(self, pause_s: float, batch: Batch) -> None:
        """Send it after a pause."""
        asyncio.get_running_loop().call_later(pause_s, self.post, batch)

    def _send(self, due: Due) -> None:
        index = next(self._indices)
        self._underway += 1
        self.post(
            Batch(
                room=due.room,
                reactions=due.reactions,
                due_s=due.at_s,
                request=self._requests.request(due.room, due.reactions, index),
                desk=self,
                done=self._done,
            )
        )

    def _send_another(self) -> None:
        room = random.choice(self._plan.rooms)
        self._send(Due(self.now_s(), room, self._plan.per_post))

    def _done(self, sent: Sent) -> None:
        self._book.append(sent)
        goes_on = self._plan.closed and self.now_s() < self._plan.seconds
        if goes_on and sent.room != self._plan.canary:
            self._send_another()
        self._end_one()

    def _end_one(self) -> None:
        self._underway -= 1
        if not self._underway:
            self._all_done.set()


def _go_first() -> None:
    """Be scheduled at once when a POST is due: a crowd has CPUs of its own.

    Only root may do that. On the last core: the one web worker is on the first.
    """
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_PRIORITY))


def main() -> None:
    """Do what the plan on stdin says."""
    plan = msgspec.json.decode(sys.stdin.buffer.readline(), type=Plan)
    _go_first()
    generator = Generator(plan)
    gc.disable()  # a collection would make sends late, and there is little to collect
    _write(asyncio.run(generator.run(_write)))


def _write(what: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(what) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
