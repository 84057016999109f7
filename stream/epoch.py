"""Where the life of a checkpoint starts: its epoch, and its place in the log.

A checkpoint and its epoch belong together. What the epoch began with is one file
beside the checkpoint, written whole before the query first starts and used for as
long as the checkpoint lives. The cut from the epoch before is made by offsets,
never by time: the new epoch starts where the newest trigger of the old one had
started, takes that trigger back, and leaves out the batches counted before it.
"""

import logging
import os
import shutil
import time
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


class Epoch(msgspec.Struct, frozen=True):
    """What a checkpoint began with.

    Attributes:
        name: As frames carry it.
        shape: What the checkpoint is bound to.
        cut: The newest trigger of the epoch before; this one reads it again.
        start: The offsets to start at.
        known: Room and batch id of what the epochs before have counted.
    """

    name: str
    shape: Shape
    cut: Trigger | None
    start: Offsets
    known: list[tuple[str, str]]

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


class BadCheckpoint(ValueError):
    """The checkpoint's files do not say where a trigger ended."""


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


class Checkpoint:
    """Spark's checkpoint folder and the epoch's file beside it."""

    def __init__(self, folder: Path) -> None:
        self.spark = folder / "checkpoint"
        self._folder = folder

    def start_of(self, batch: int, topic: str, epoch: Epoch) -> Offsets:
        """Return the offsets of `topic` at which trigger `batch` starts."""
        return epoch.start if batch == 0 else self._end_of(batch - 1, topic)

    def done(self, topic: str, epoch: Epoch) -> Offsets:
        """Return the offsets of `topic` at which the newest completed trigger ended.

        Raises:
            BadCheckpoint: If its files cannot be read.
        """
        newest = max(self._triggers("commits"), default=-1)
        return self.start_of(newest + 1, topic, epoch)

    def is_behind(self, epoch: Epoch, reactions: ReactionLog) -> bool:
        """Tell whether reactions wait that no trigger has planned to read yet."""
        topic, planned = epoch.shape.reactions, self._triggers("offsets")
        end = self._end_of(max(planned), topic) if planned else epoch.start
        _, high = reactions.bounds(topic)
        return any(offset > end.get(partition, 0) for partition, offset in high.items())

    def epoch(
        self, shape: Shape, states: Mapping[str, RoomState], reactions: ReactionLog
    ) -> Epoch:
        """Return the checkpoint's epoch; begin a new one where it has none.

        Args:
            shape: What the query is about to be bound to.
            states: What is known of each room.
            reactions: The reaction log.
        """
        old = Epoch.read_beside(self._folder)
        reason = self._reason_to_begin(old, shape, states, reactions)
        if old is not None and reason is None:
            return old
        self._set_aside()
        now_ms = time.time_ns() // 1_000_000
        if old is not None:
            now_ms = max(now_ms, epoch_ms(old.name) + 1)
        is_same_log = old is None or old.shape.topic_id == shape.topic_id
        epoch = begin(shape, states, reactions, now_ms=now_ms, is_same_log=is_same_log)
        epoch.write_beside(self._folder)
        log.warning(
            "new epoch=%s reason=%r cut=%s start=%s batches_known=%d: totals go on",
            epoch.name,
            reason,
            epoch.cut,
            epoch.start,
            len(epoch.known),
        )
        return epoch

    def _reason_to_begin(
        self,
        epoch: Epoch | None,
        shape: Shape,
        states: Mapping[str, RoomState],
        reactions: ReactionLog,
    ) -> str | None:
        """Say why the checkpoint cannot be continued; None if it can."""
        planned = self._triggers("offsets")
        if not planned:
            return "no checkpoint"
        if epoch is None:
            return "a checkpoint without an epoch.json that can be read"
        if epoch.shape != shape:
            return f"the checkpoint is bound to {epoch.shape}, wanted is {shape}"
        newest = newest_trigger(states.values())
        if newest is not None and newest > (epoch.name, max(planned)):
            return f"the rooms were written by a later trigger: {newest}"
        return self._reason_in_log(epoch, reactions)

    def _reason_in_log(self, epoch: Epoch, reactions: ReactionLog) -> str | None:
        """Say why the log cannot be read on from where the checkpoint stands."""
        topic = epoch.shape.reactions
        low, high = reactions.bounds(topic)
        try:
            end = self._end_of(max(self._triggers("offsets")), topic)
            start = self.done(topic, epoch)
        except BadCheckpoint as error:
            return f"the checkpoint's offsets cannot be read: {error}"
        if any(offset > high.get(partition, 0) for partition, offset in end.items()):
            return f"the checkpoint stands at {end}, but the log ends at {high}"
        if any(offset < low.get(partition, 0) for partition, offset in start.items()):
            return f"the checkpoint reads on at {start}, but the log begins at {low}"
        return None

    def _triggers(self, kind: str) -> list[int]:
        """Return the triggers that are planned (`offsets`) or done (`commits`)."""
        names = [path.name for path in (self.spark / kind).glob("[0-9]*")]
        return [int(name) for name in names if name.isdigit()]

    def _end_of(self, batch: int, topic: str) -> Offsets:
        """Return where `batch` ends: its file's third line, JSON by topic."""
        try:
            text = (self.spark / "offsets" / str(batch)).read_text()
            ends = msgspec.json.decode(text.splitlines()[2], type=dict[str, Offsets])
            return ends[topic]
        except (OSError, ValueError, LookupError) as error:
            raise BadCheckpoint(repr(error)) from error

    def _set_aside(self) -> None:
        """Move a checkpoint that cannot be continued out of the way."""
        if not self._triggers("offsets"):  # nothing was ever planned by it
            shutil.rmtree(self.spark, ignore_errors=True)
            return
        aside = self.spark.with_name(f"checkpoint.{time.time_ns()}")
        self.spark.rename(aside)
        log.warning("checkpoint set aside as %s: it may be deleted", aside)


def begin(
    shape: Shape,
    states: Mapping[str, RoomState],
    reactions: ReactionLog,
    *,
    now_ms: int,
    is_same_log: bool = True,
) -> Epoch:
    """Cut a new epoch out of the log.

    Args:
        shape: What its checkpoint will be bound to.
        states: What is known of each room.
        reactions: The reaction log.
        now_ms: The time; the epoch is later than any in `states`, whatever it is.
        is_same_log: Whether `states` count what is in this log. If not, all of them
            stays, and all of the log is new.
    """
    low, high = reactions.bounds(shape.reactions)
    cut = newest_trigger(states.values()) if is_same_log else None
    start, known = low, []
    if cut is not None:
        cut_start = next(s.start for s in states.values() if s.trigger == cut)
        start = {p: _within(cut_start.get(p, low[p]), low[p], high[p]) for p in low}
        if any(cut_start.get(p, 0) < low[p] for p in low):
            log.error("lost reactions: counted to %s, kept from %s", cut_start, low)
        through_ms = max(state.through_ms for state in states.values())
        summed_up = reactions.offsets_at(shape.reactions, through_ms)
        known = reactions.batch_ids(shape.reactions, summed_up, start)
    newest_ms = max((epoch_ms(s.epoch) for s in states.values()), default=0)
    name = epoch_text(max(now_ms, newest_ms + 1))
    return Epoch(name, shape, cut, start, known)


def _within(offset: int, low: int, high: int) -> int:
    return max(low, min(offset, high))
