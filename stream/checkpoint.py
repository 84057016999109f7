"""Spark's checkpoint, and whether it can be continued; if not, an epoch begins."""

import logging
import shutil
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from stream.epoch import Epoch, ReactionLog, Shape, begin
from stream.frame import epoch_ms
from stream.windows import Offsets, RoomState, newest_trigger

log = logging.getLogger(__name__)


class BadCheckpoint(ValueError):
    """The checkpoint's files do not say where a trigger ended."""


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
        epoch = begin(
            shape,
            states,
            reactions,
            now_ms=now_ms,
            is_same_log=is_same_log,
            reason=reason or "",
        )
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
            return "there is no checkpoint"
        if lost := self._lost(planned):
            return f"the checkpoint has lost its {lost}: was it deleted in use?"
        if epoch is None:
            return "epoch.json beside the checkpoint cannot be read"
        if epoch.shape != shape:
            return shape.changes_from(epoch.shape)
        newest = newest_trigger(states.values())
        if newest is not None and newest > (epoch.name, max(planned)):
            return (
                "the checkpoint is older than what is known of the rooms,"
                f" which trigger {newest[1]} of {newest[0]} wrote"
            )
        return self._reason_in_log(epoch, reactions)

    def _lost(self, planned: list[int]) -> str | None:
        """Name what Spark has written before it planned these triggers, and is gone."""
        written = ["metadata", "state"] if max(planned) else ["metadata"]
        return next((one for one in written if not (self.spark / one).exists()), None)

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
