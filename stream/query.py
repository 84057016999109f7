"""The streaming query: Kafka in, a trigger every half second, frames out.

A trigger is done only when its states and frames are in Kafka; until then Spark
repeats it after a restart. All that survives a trigger is in `rooms` and in the
checkpoint; what is held here in memory can be lost at any moment.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from stream import metrics
from stream.checkpoint import Checkpoint
from stream.counting import count_per_window, first_of_each, identified, without
from stream.epoch import Epoch
from stream.frame import Frame
from stream.framing import frames_of
from stream.progress import Progress
from stream.windows import Rooms, RoomState, Row, by_window

log = logging.getLogger(__name__)


class StopRequested(Exception):
    """A trigger was about to begin after the stream was told to end."""


class TriggerLog(Protocol):
    """Where the outcome of a trigger goes, all or nothing."""

    def write(self, states: Mapping[str, RoomState], frames: Sequence[Frame]) -> None:
        """Store everything or raise."""
        ...


_KAFKA_AWAY_MAX_S = 300
"""How long a trigger waits for a Kafka that is away. By itself it would be one minute:
then the query ends, and Spark's start comes on top of Kafka's."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where reactions are read from."""

    servers: str
    topic: str


def read_reactions(
    spark: SparkSession,
    source: Source,
    epoch: Epoch,
    options: Mapping[str, str] | None = None,
) -> DataFrame:
    """Open the reaction log from where `epoch` starts.

    To count there is no limit to a trigger: one by offsets advances partitions by lag
    and not by time, and what falls behind the watermark is lost without a word.

    Args:
        spark: The session.
        source: Where reactions are.
        epoch: Says where a new checkpoint starts; one that is there goes on.
        options: Of Spark's Kafka source, beside those for this.
    """
    start = msgspec.json.encode({source.topic: epoch.start}).decode()
    return (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", source.servers)
        .option("subscribe", source.topic)
        .option("includeHeaders", "true")
        .option("startingOffsets", start)
        .option("kafka.default.api.timeout.ms", str(_KAFKA_AWAY_MAX_S * 1000))
        .options(**options or {})
        .load()
    )


def counted(spark: SparkSession, records: DataFrame, epoch: Epoch) -> DataFrame:
    """Return what is counted per room, window and emoji, as the query computes it."""
    batches = identified(records)
    if epoch.known:
        known = spark.createDataFrame(epoch.known, "room string, batch_id string")
        batches = without(batches, known)
    once = first_of_each(batches, dedupe_s=epoch.shape.dedupe_s)
    return count_per_window(once, window_ms=epoch.shape.window_ms)


@dataclass(frozen=True, slots=True)
class Plan:
    """How reactions are read and counted; tests put a faulty one in its place."""

    read: Callable[[SparkSession, Source, Epoch], DataFrame] = read_reactions
    count: Callable[[SparkSession, DataFrame, Epoch], DataFrame] = counted


PLAN = Plan()


class Triggers:
    """What happens in each trigger, and how the query ends between two of them.

    Attributes:
        failure: Why a trigger could not be written, if one could not.
    """

    def __init__(
        self,
        epoch: Epoch,
        checkpoint: Checkpoint,
        states: Mapping[str, RoomState],
        trigger_log: TriggerLog,
    ) -> None:
        self._epoch, self._checkpoint, self._log = epoch, checkpoint, trigger_log
        current = {r: s.in_epoch(epoch.name, epoch.cut) for r, s in states.items()}
        self._rooms = Rooms(epoch.name, current)
        self._progress = Progress()
        self._stop = threading.Event()
        self._query: StreamingQuery | None = None
        self.failure: Exception | None = None

    def start(self, counts: DataFrame, *, every_ms: int) -> StreamingQuery:
        """Start the query over `counts`, from `counted`."""
        self._query = (
            counts.writeStream.outputMode("update")
            .foreachBatch(self._trigger)
            .option("checkpointLocation", str(self._checkpoint.spark))
            .trigger(processingTime=f"{every_ms} milliseconds")
            .start()
        )
        return self._query

    def stop(self) -> None:
        """Let no further trigger begin: `_trigger` refuses the next one."""
        self._stop.set()

    def completed(self) -> int:
        """Return the newest trigger that Spark has reported as completed, or -1."""
        self.observe()
        return self._progress.newest

    def observe(self) -> None:
        """Take over what Spark reports of the last completed trigger."""
        if self._query is not None:
            self._progress.observe(self._query.lastProgress)

    def _trigger(self, counts: DataFrame, batch: int) -> None:
        if self._stop.is_set():
            raise StopRequested
        self.observe()
        rows = [Row(*row) for row in counts.collect()]
        try:
            if rows:
                self._write(rows, batch)
        except Exception as error:
            self.failure = error  # Spark would tell of it in 60 lines
            raise

    def _write(self, rows: list[Row], batch: int) -> None:
        shape = self._epoch.shape
        watermark_ms = self._progress.watermark_ms
        states = self._rooms.merge(
            by_window(rows),
            batch=batch,
            start=self._checkpoint.start_of(batch, shape.reactions, self._epoch),
            boundary_ms=watermark_ms - watermark_ms % shape.window_ms,
        )
        frames = self._frames(states, rows)
        with metrics.WRITE_SECONDS.time():
            self._log.write(states, frames)
        metrics.FRAMES.inc(len(frames))
        metrics.LAST_FRAME.set_to_current_time()
        metrics.ROOMS.set(len(self._rooms))
        log.debug("trigger=%d rows=%d frames=%d", batch, len(rows), len(frames))

    def _frames(
        self, states: Mapping[str, RoomState], rows: Sequence[Row]
    ) -> list[Frame]:
        appended: dict[str, dict[int, int]] = {}
        for row in rows:
            newest = appended.setdefault(row.room, {})
            known_ms = newest.get(row.window_start_ms, 0)
            newest[row.window_start_ms] = max(known_ms, row.appended_ms)
        made_ms = time.time_ns() // 1_000_000
        return [
            frame
            for room, state in states.items()
            for frame in frames_of(
                room,
                state,
                window_ms=self._epoch.shape.window_ms,
                appended_ms=appended.get(room, {}),
                made_ms=made_ms,
            )
        ]
