"""Whose turn it is to scale: one at a time, and the others are told who it is."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from compose import running
from compose.layout import Layout

BY_HAND = "`emostream scale`"
BY_LOAD = "The auto-scaler"
BY_START = "`emostream up`"

_WAYS_OUT = {
    BY_HAND: "wait until it is done, or end it with Ctrl-C",
    BY_LOAD: "wait until it is done; `emostream logs scaler` tells what it does",
}
_WAIT = "wait until it is done"


class _Turn(msgspec.Struct, frozen=True):
    by: str = "Another command"
    pid: int = 0
    since_s: float = 0
    """Since the epoch; it is another process that reads it."""


@contextmanager
def taken(layout: Layout, by: str) -> Iterator[str]:
    """Take the turn; yields nothing, or a sentence where somebody else has it.

    Args:
        layout: Of the system.
        by: Who takes it, such as `BY_HAND`.
    """
    with running.scaling(layout) as is_ours:
        if is_ours:
            turn = _Turn(by, os.getpid(), time.time())
            layout.scaling.write_bytes(msgspec.json.encode(turn))
        yield "" if is_ours else _sentence(layout)


def _sentence(layout: Layout) -> str:
    try:
        turn = msgspec.json.decode(layout.scaling.read_bytes(), type=_Turn)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return f"{_Turn().by} changes the system at this moment: {_WAIT}."
    age_s = max(0.0, time.time() - turn.since_s)
    return (
        f"{turn.by} (process {turn.pid}) has been changing the system for"
        f" {age_s:.0f} s: {_WAYS_OUT.get(turn.by, _WAIT)}."
    )
