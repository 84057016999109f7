"""Counting as pure DataFrame functions; nothing here reads or writes a stream.

A record that cannot be read gives no row and no error here; `stream.rejects` finds
it.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from stream import record


def identified(records: DataFrame) -> DataFrame:
    """Read what is counted of each record, and what repeats are known by.

    The counts come from the record's header where it has one, which spares
    parsing the value; the value stays the truth that anything is recounted from.

    Args:
        records: Kafka's source with `includeHeaders`.

    Returns:
        Columns `appended` (timestamp), `room`, `batch_id`, and `counts` (array of
        `emoji`, `count`, never empty); a row for each record that can be counted.
    """
    in_order = F.concat_ws("/", "topic", "partition", "offset")
    in_value = record.countable(record.counts_in_value(record.text()))
    read = records.where(~record.is_too_large()).select(
        F.col("timestamp").alias("appended"),
        record.room().alias("room"),
        F.coalesce(record.batch_id(), in_order).alias("batch_id"),
        F.coalesce(record.counts_in_header(), in_value).alias("counts"),
    )
    # What is not counted must not use up an id: a good record may have the same.
    return read.where(F.col("room").isNotNull() & (F.size("counts") > 0))


def without(batches: DataFrame, known: DataFrame) -> DataFrame:
    """Leave out the batches that an earlier epoch has counted.

    Args:
        batches: From `identified`.
        known: Columns `room`, `batch_id`.

    Returns:
        The columns of `batches`.
    """
    return batches.join(F.broadcast(known), ["room", "batch_id"], "left_anti").select(
        "appended", "room", "batch_id", "counts"
    )


def first_of_each(batches: DataFrame, *, dedupe_s: int) -> DataFrame:
    """Drop each batch that was met before; streams only.

    Args:
        batches: From `identified`.
        dedupe_s: How long a batch is known, and how late a record may come.

    Returns:
        The columns of `batches`.
    """
    return batches.withWatermark(
        "appended", f"{dedupe_s} seconds"
    ).dropDuplicatesWithinWatermark(["room", "batch_id"])


def count_per_window(batches: DataFrame, *, window_ms: int) -> DataFrame:
    """Count each emoji of each room in each window.

    Args:
        batches: From `identified`.
        window_ms: Length of a window of broker time.

    Returns:
        Columns `room`, `window_start_ms`, `emoji`, `count`, `appended_ms` (when
        the newest of them was stored); one row per room, window and emoji.
    """
    counted = (
        batches.select("appended", "room", F.inline("counts"))
        .groupBy(F.window("appended", f"{window_ms} milliseconds"), "room", "emoji")
        .agg(F.sum("count").alias("count"), F.max("appended").alias("newest"))
    )
    return counted.select(
        "room",
        F.unix_millis("window.start").alias("window_start_ms"),
        "emoji",
        "count",
        F.unix_millis("newest").alias("appended_ms"),
    )
