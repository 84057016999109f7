"""Several people who react side by side, each with a book of their own."""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from tests.system.crowd import Crowd
from tests.system.stack import wait_until

EMOJI = ("❤️", "😂", "🔥", "👏", "😮")
_PEOPLE = 4
_PAUSE_S = 0.05


@dataclass(frozen=True, slots=True)
class Taps:
    """What they do to one room."""

    crowds: tuple[Crowd, ...]

    @property
    def book(self) -> Counter[str]:
        """What the room's totals must be."""
        return sum((crowd.book for crowd in self.crowds), Counter())


@contextmanager
def tapping(http: httpx.Client, room: str) -> Iterator[Taps]:
    """Have people react all the time; at the end every batch is stored.

    Raises:
        AssertionError: If one was not in the time that a sender may repeat.
    """
    taps = Taps(tuple(Crowd(http, room) for _ in range(_PEOPLE)))
    stop = threading.Event()

    def react(crowd: Crowd) -> None:
        while not stop.wait(_PAUSE_S):
            crowd.react(*random.choices(EMOJI, k=random.randint(1, 20)))

    with ThreadPoolExecutor(_PEOPLE) as pool:
        at_work = [pool.submit(react, crowd) for crowd in taps.crowds]
        try:
            yield taps
        finally:
            stop.set()
        for one in at_work:
            one.result()


def wait_for_traffic(taps: Taps) -> None:
    """Wait until a hundred more were taken."""
    before = taps.book.total()
    wait_until(lambda: taps.book.total() > before + 100, "a hundred reactions")
