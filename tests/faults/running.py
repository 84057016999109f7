"""A system that runs, as the scene of faults; the kinds of it are in `scenes`."""

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.faults.scene import Scene
from tests.faults.senders import Senders
from tests.system.stack import Stack


class NotUp(Exception):
    """The system does not start or stop; the text is what it said."""


def say(words: str) -> None:
    """Print a line at once."""
    print(words, flush=True)


@contextmanager
def running(
    folder: Path, seed: int, settings: Mapping[str, str] | None = None
) -> Iterator[Scene]:
    """Start a system of its own in `folder`, with senders that are silent yet.

    Both are stopped with the block.

    Args:
        folder: Where it may write.
        seed: What everything random follows.
        settings: What is to differ from the defaults: `STREAM_TRIGGER_MS` → value.

    Raises:
        NotUp: If it does not start, or does not stop.
    """
    stack = Stack(folder, settings)
    with up(stack), of_stack(stack, seed) as scene:
        yield scene


@contextmanager
def up(stack: Stack) -> Iterator[None]:
    """Have a system run until the end of the block.

    Raises:
        NotUp: If it does not start, or does not stop.
    """
    try:
        started = stack.up()
        if started.returncode != 0:
            raise NotUp(started.stdout)
        yield
    finally:
        stopped = stack.down()
    if stopped.returncode != 0:
        raise NotUp(stopped.stdout)


@contextmanager
def of_stack(stack: Stack, seed: int) -> Iterator[Scene]:
    """Make a scene of a system that runs already, and is left running."""
    with Senders(stack.url, seed) as senders:
        yield Scene(stack, random.Random(seed), senders, say)
