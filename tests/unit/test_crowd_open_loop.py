"""The open loop, with lines that answer at once."""

import asyncio
import gc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

from clients.crowd.line import Exchange, Lines
from clients.crowd.open_loop import OpenLoop
from clients.crowd.schedule import Due

POSTS = 20


class Answering(Lines):
    """Every POST is accepted; who was sent is known as long as anybody keeps it."""

    def __init__(self) -> None:
        super().__init__("127.0.0.1", 1, 1)
        self.known = weakref.WeakSet[Exchange]()

    def post(self, exchange: Exchange) -> None:
        self.known.add(exchange)
        exchange.sent()
        asyncio.get_running_loop().call_soon(exchange.answered, 202, b"")


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
