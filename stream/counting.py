"""Counting as pure DataFrame functions; nothing here reads or writes a stream.

Native functions only: a function in Python would double the cost. A record that
cannot be read gives no row and no error here.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ingest.topics import BATCH_ID_HEADER, COUNTS_HEADER, RECORD_REACTIONS_MAX
from mosquitto.topic import ROOM_PATTERN

EMOJI_MAX_BYTES = 64
"""The longest emoji of Unicode has 35 bytes."""

_PAIRS = "array<struct<emoji:string,count:bigint>>"


def identified(records: DataFrame) -> DataFrame:
    """Read what is counted of each record, and what repeats are known by.

    The counts come from the record's header where it has one, which spares
    parsing the value; the value stays the truth that anything is recounted from.

    Args:
        records: Kafka's source with `includeHeaders`.

    Returns:
        Columns `appended` (timestamp), `room`, `batch_id`, and `counts` (array of
        `emoji`, `count`; null where nothing could be read).
    """
    in_order = F.concat_ws("/", "topic", "partition", "offset")
    return records.select(
        F.col("timestamp").alias("appended"),
        F.col("key").cast("string").alias("room"),
        F.coalesce(_header(BATCH_ID_HEADER), in_order).alias("batch_id"),
        F.coalesce(_counts_in_header(), _counts_in_value()).alias("counts"),
    ).where(F.col("room").rlike(f"^{ROOM_PATTERN}$"))


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
    # What lies outside these bounds is no record of ours: it could overflow a sum
    # or burst a frame, and end the query again and again.
    sane = F.col("count").between(1, RECORD_REACTIONS_MAX) & (
        F.octet_length("emoji") <= EMOJI_MAX_BYTES
    )
    counted = (
        batches.select("appended", "room", F.inline("counts"))
        .where(sane)
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


def _header(name: str) -> Column:
    # `get` gives null where the header is missing; `[0]` would end the query.
    named = F.filter("headers", lambda header: header["key"] == F.lit(name))
    return F.get(named, F.lit(0))["value"].cast("string")


def _counts_in_header() -> Column:
    counts = F.from_json(_header(COUNTS_HEADER), "map<string,bigint>")
    return F.map_entries(counts).cast(_PAIRS)


def _counts_in_value() -> Column:
    text = F.col("value").cast("string")
    reactions = F.from_json(text, "array<struct<emoji_type:string>>")
    one_each = F.transform(
        reactions, lambda reaction: F.struct(reaction["emoji_type"], F.lit(1))
    )
    return one_each.cast(_PAIRS)
