"""Where the life of a checkpoint starts: its epoch, and its place in the log.

A checkpoint and its epoch belong together. What the epoch began with is one file
beside the checkpoint, written whole before the query first starts and used for as
long as the checkpoint lives; when that ends is `stream.checkpoint`'s business. The
cut from the epoch before is made by offsets, never by time: the new epoch starts
where the newest trigger of the old one had started, takes that trigger back, and
leaves out the batches counted before it.
"""

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, Self

import msgspec

from stream.frame import epoch_ms, epoch_text
from stream.windows import Offsets, RoomState, Trigger, newest_trigger

log = logging.getLogger(__name__)

_FILE = "epoch.json"


class Shape(msgspec.Struct, frozen=True):
    """What a checkpoint is bound to: with another value it cannot be continued."""

    reactions: str
    topic_id: str
    window_ms: int
    dedupe_s: int
    shuffle_partitions: int

    def changes_from(self, other: Self) -> str:
        """Say what is another value than in `other`."""
        told = []
        for name, old in msgspec.structs.asdict(other).items():
            new = getattr(self, name)
            if new != old and name == "topic_id":
                told.append(f"the topic {self.reactions} was made anew")
            elif new != old:
                told.append(f"{name} is {new}, was {old}")
        return "; ".join(told)


class Epoch(msgspec.Struct, frozen=True):
    """What a checkpoint began with.

    Attributes:
        name: As frames carry it.
        shape: What the checkpoint is bound to.
        cut: The newest trigger of the epoch before; this one reads it again.
        start: The offsets to start at.
        known: Room and batch id of what the epochs before have counted.
        since_ms: From here on windows are counted in this epoch; the first may show
            a part of its counts.
        reason: Why it began.
    """

    name: str
    shape: Shape
    cut: Trigger | None
    start: Offsets
    known: list[tuple[str, str]]
    since_ms: int = 0
    reason: str = ""

    @classmethod
    def read_beside(cls, folder: Path) -> Self | None:
        """Return the epoch of the checkpoint in `folder`, if it can be read."""
        try:
            return msgspec.json.decode((folder / _FILE).read_bytes(), type=cls)
        except (FileNotFoundError, msgspec.MsgspecError):
            return None

    def write_beside(self, folder: Path) -> None:
        """Write into `folder` so that it is there whole or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / _FILE
        scratch = path.with_suffix(".new")
        with scratch.open("wb") as file:
            file.write(msgspec.json.encode(self))
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)


class ReactionLog(Protocol):
    """What has to be known of the reactions before a query starts."""

    def bounds(self, topic: str) -> tuple[Offsets, Offsets]:
        """Return the first offset kept and the next to be written."""
        ...

    def offsets_at(self, topic: str, time_ms: int) -> Offsets:
        """Return where the records from `time_ms` on begin."""
        ...

    def batch_ids(
        self, topic: str, start: Offsets, end: Offsets
    ) -> list[tuple[str, str]]:
        """Return room and batch id of the records between two positions."""
        ...


def begin(  # noqa: PLR0913 - all that an epoch begins with
    shape: Shape,
    states: Mapping[str, RoomState],
    reactions: ReactionLog,
    *,
    now_ms: int,
    is_same_log: bool = True,
    reason: str = "",
) -> Epoch:
    """Cut a new epoch out of the log.

    Args:
        shape: What its checkpoint will be bound to.
        states: What is known of each room.
        reactions: The reaction log.
        now_ms: The time; the epoch is later than any in `states`, whatever it is.
        is_same_log: Whether `states` count what is in this log. If not, all of them
            stays, and all of the log is new.
        reason: Why it begins.
    """
    low, high = reactions.bounds(shape.reactions)
    cut = newest_trigger(states.values()) if is_same_log else None
    start, known, since_ms = low, [], now_ms
    if cut is not None:
        since_ms = _first_window(states, cut, now_ms)
        cut_start = next(s.start for s in states.values() if s.trigger == cut)
        start = {p: _within(cut_start.get(p, low[p]), low[p], high[p]) for p in low}
        if any(cut_start.get(p, 0) < low[p] for p in low):
            log.error("lost reactions: counted to %s, kept from %s", cut_start, low)
        through_ms = max(state.through_ms for state in states.values())
        summed_up = reactions.offsets_at(shape.reactions, through_ms)
        known = reactions.batch_ids(shape.reactions, summed_up, start)
    newest_ms = max((epoch_ms(s.epoch) for s in states.values()), default=0)
    name = epoch_text(max(now_ms, newest_ms + 1))
    return Epoch(name, shape, cut, start, known, since_ms, reason)


def _first_window(states: Mapping[str, RoomState], cut: Trigger, now_ms: int) -> int:
    """Return the oldest window that the trigger changed which is counted again."""
    changed = [
        w for state in states.values() if state.trigger == cut for w in state.before
    ]
    return min(changed, default=now_ms)


def _within(offset: int, low: int, high: int) -> int:
    return max(low, min(offset, high))
