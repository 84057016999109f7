"""The generator: the crowd's sender, with the timetable of a case.

`python -m tests.load.generator` reads a `Plan` on stdin. It writes the time of its
start to stdout, and at the end `Sendings`, a line of JSON each. Where the plan is a
closed loop, only the canary has a timetable.
"""

import asyncio
import gc
import random
import sys
from collections.abc import Callable

import msgspec

from clients.crowd.line import Lines
from clients.crowd.open_loop import OpenLoop
from clients.crowd.pipe import say
from clients.crowd.schedule import Due
from clients.crowd.sender import LINES_AT_START, LINES_MAX, go_first
from clients.crowd.sending import Sendings, Sent
from tests.load.requests import Requests
from tests.load.schedule import Plan, timetable


class Generator:
    """Sends what a plan says and keeps the book."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._requests = Requests(plan.host, plan.seed)
        for reactions in (1, plan.per_post):
            self._requests.prepare(reactions)
        self._lines = Lines(plan.host, plan.port, LINES_MAX)
        self._sender = OpenLoop(
            timetable(plan), self._lines, self._request, plan.seconds, self._done
        )

    async def run(self, started: Callable[[float], None]) -> Sendings:
        """Return the book once every POST has its outcome.

        Args:
            started: Told the start, in seconds since the epoch, shortly before it.
        """
        await self._lines.warm(self._plan.closed or LINES_AT_START)
        return await self._sender.run(self._begin, started)

    def _request(self, due: Due, index: int) -> bytes:
        return self._requests.request(due.room, due.reactions, index)

    def _begin(self) -> None:
        for _ in range(self._plan.closed):
            self._send_another()

    def _send_another(self) -> None:
        room = random.choice(self._plan.rooms)
        self._sender.send(Due(self._sender.now_s(), room, self._plan.per_post))

    def _done(self, sent: Sent) -> None:
        goes_on = self._plan.closed and self._sender.now_s() < self._plan.seconds
        if goes_on and sent.room != self._plan.canary:
            self._send_another()


def main() -> None:
    """Do what the plan on stdin says."""
    plan = msgspec.json.decode(sys.stdin.buffer.readline(), type=Plan)
    go_first()
    generator = Generator(plan)
    gc.disable()  # a collection would make sends late, and there is little to collect
    say(asyncio.run(generator.run(say)))


if __name__ == "__main__":
    main()
