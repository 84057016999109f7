"""The sender: a process of its own that keeps to its timetable.

`python -m clients.crowd.sender` reads an `Errand` on stdin. An open loop: each POST is
sent at its time, however late the server is with earlier ones.
"""

import asyncio
import contextlib
import gc
import os
import sys
import time

import msgspec

from clients.crowd.line import Lines
from clients.crowd.open_loop import OpenLoop, Writer
from clients.crowd.pipe import Orders, first_line, say
from clients.crowd.requests import Bodies, Heads
from clients.crowd.schedule import Due, Reacting, timetable
from clients.crowd.sending import Sendings, Sent
from clients.crowd.timeline import Timeline
from clients.crowd.wire import (
    Errand,
    SendingNow,
    Started,
    Stop,
)

LINES_MAX = 512
LINES_AT_START = 16
_TELL_EVERY_S = 0.2
_PRIORITY = 1
"""Of the real-time ones, the lowest: above everything that is measured."""


class _Progress:
    """Says how far a sender is, several times a second."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def note(self, sent: Sent) -> None:
        """Take an outcome."""
        known = self._counts.get(sent.outcome, 0)
        self._counts[sent.outcome] = known + sent.reactions

    async def tell(self, sender: OpenLoop) -> None:
        """Go on until cancelled."""
        while True:
            await asyncio.sleep(_TELL_EVERY_S)
            say(self.now(sender))

    def now(self, sender: OpenLoop) -> SendingNow:
        """Return how far it is."""
        known = self._counts.get
        return SendingNow(
            sent=sender.sent,
            accepted=known("accepted", 0),
            refused=known("refused", 0),
            unknown=known("unknown", 0),
            posts=sender.posts,
            late=sender.late,
        )


def user_id(run: str, who: int) -> str:
    """Return as whom a client reacts; a new registration does not change it."""
    return f"crowd-{run}-{who}"


def writer(errand: Errand, timeline: Timeline | None) -> Writer:
    """Return what makes the requests of a crowd."""
    heads = Heads(errand.host, errand.prefix)
    bodies = Bodies(errand.seed)
    gathered_ms = round(_reacting(errand).period_s * 1000)

    def write(due: Due, index: int) -> bytes:
        now_ms = time.time_ns() // 1_000_000
        at_s = int(due.at_s * errand.speed)
        body = bodies.body(
            timeline.mixture(at_s) if timeline else {},
            due.reactions,
            user_id=user_id(errand.run, due.who),
            times_ms=(now_ms - gathered_ms, now_ms),
        )
        return heads.request(due.room, b"%s-%x" % (errand.run.encode(), index), body)

    return write


def _reacting(errand: Errand) -> Reacting:
    return Reacting(errand.room, errand.clients, errand.rate, errand.seconds)


async def _run(errand: Errand) -> Sendings:
    timeline = Timeline.load(errand.timeline) if errand.timeline else None
    lines = Lines(errand.host, errand.port, LINES_MAX, tls=errand.is_tls)
    progress = _Progress()
    due = timetable(
        _reacting(errand),
        (lambda at_s: timeline.share(at_s * errand.speed)) if timeline else _always,
    )
    write = writer(errand, timeline)
    write(Due(0, errand.room, 1, 0), 0)  # what is made once is made now
    sender = OpenLoop(due, lines, write, errand.seconds, progress.note)
    await lines.warm(LINES_AT_START)
    _listen(sender)
    telling = asyncio.create_task(progress.tell(sender))
    try:
        return await sender.run(lambda: None, lambda at_s: say(Started(at_s)))
    finally:
        telling.cancel()
        say(progress.now(sender))  # what it said before is a part of all


def _always(_: float) -> float:
    return 1.0


def _listen(sender: OpenLoop) -> None:
    """Take orders; who started this process and is gone wants no answer."""
    loop, order_file = asyncio.get_running_loop(), sys.stdin.fileno()

    def take(order: object) -> None:
        if isinstance(order, Stop):
            sender.stop(order.within_s)

    orders = Orders(take)

    def read() -> None:
        if not orders.feed(os.read(order_file, 4096)):
            os._exit(1)

    loop.add_reader(order_file, read)


def go_first() -> None:
    """Be scheduled at once when a POST is due: a crowd has CPUs of its own.

    Only root may do that. On one processor, so that it displaces nobody elsewhere, and
    the last: what else is bound to one is so, by custom, to the first.
    """
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_PRIORITY))


def main() -> None:
    """Do what the errand on stdin says."""
    errand = msgspec.json.decode(first_line(), type=Errand)
    go_first()
    gc.disable()  # a collection would make sends late, and there is little to collect
    say(asyncio.run(_run(errand)))


if __name__ == "__main__":
    main()
