"""The open loop, with lines that answer at once."""

import asyncio
import gc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

from clients.crowd.line import Exchange, Lines
from clients.crowd.open_loop import OpenLoop
from clients.crowd.schedule import Due
from clients.crowd.sending import Sendings

POSTS = 20
WITHIN_S = 20.0


class Answering(Lines):
    """Every POST is accepted; who was sent is known as long as anybody keeps it."""

    def __init__(self) -> None:
        super().__init__("127.0.0.1", 1, 1)
        self.known = weakref.WeakSet[Exchange]()

    def post(self, exchange: Exchange) -> None:
        self.known.add(exchange)
        exchange.sent()
        asyncio.get_running_loop().call_soon(exchange.answered, 202, b"")


class Silent(Lines):
    """Every POST goes out, and is never answered."""

    def __init__(self) -> None:
        super().__init__("127.0.0.1", 1, 1)

    def post(self, exchange: Exchange) -> None:
        exchange.sent()


@contextmanager
def uncollected() -> Iterator[None]:
    """As in the sender: what is in a ring stays."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def test_a_post_that_is_answered_is_kept_by_nobody() -> None:
    lines = Answering()
    due = [Due(number / 1000, "final", 5) for number in range(POSTS)]
    loop = OpenLoop(due, lines, lambda _, number: b"%d" % number, 0.05)
    with uncollected():
        sendings = asyncio.run(loop.run(lambda: None, lambda _: None))
        kept = len(lines.known)

    assert [one.outcome for one in sendings.sent] == ["accepted"] * POSTS
    assert kept <= 1


def test_what_is_not_answered_in_time_after_a_stop_is_unknown() -> None:
    due = [Due(0.0, "final", 5), Due(0.001, "final", 5), Due(60.0, "final", 5)]
    loop = OpenLoop(due, Silent(), lambda _, number: b"%d" % number, 60.0)

    async def stopped() -> Sendings:
        running = asyncio.create_task(loop.run(lambda: None, lambda _: None))
        while loop.posts < 2:  # noqa: ASYNC110 - nothing tells of a POST
            await asyncio.sleep(0.01)
        loop.stop(0.05)
        return await asyncio.wait_for(running, WITHIN_S)

    sendings = asyncio.run(stopped())
    assert [one.outcome for one in sendings.sent] == ["unknown"] * 2
