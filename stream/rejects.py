"""Which records are not counted as their senders meant: pure DataFrame functions.

Whatever the counting query makes no row of is found here, by the same columns
(`stream.record`). A record of ingest never is.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ingest.topics import RECORD_MAX_BYTES
from stream import record
from stream.reject import KEY_KEPT_BYTES, Header, Reason

_RAW = ("key", "value", "topic", "partition", "offset", "timestamp")


def judged(records: DataFrame) -> DataFrame:
    """Find out what is wrong with each record, and what is counted of it.

    The value of every record is looked at, but only to count its elements.

    Args:
        records: Kafka's source with `includeHeaders`.

    Returns:
        The records' columns but `headers`, `counted` (reactions), and `reason`, which
        is null where nothing is wrong.
    """
    read = records.select(
        *_RAW,
        record.room().alias("room"),
        record.batch_id().alias("batch_id"),
        record.text().alias("text"),
        record.has_counts_header().alias("has_header"),
        record.counts_in_header().alias("in_header"),
    )
    in_value = record.countable(record.counts_in_value(F.col("text")))
    readable = record.reactions_in(F.coalesce("in_header", in_value))
    numbered = read.select(
        "*",
        F.json_array_length("text").alias("elements"),
        F.coalesce(readable, F.lit(0)).alias("readable"),
    )
    is_left_out = F.col("room").isNull() | record.is_too_large()
    counted = F.when(is_left_out, F.lit(0)).otherwise(F.col("readable"))
    return numbered.select(*_RAW, counted.alias("counted"), _reason().alias("reason"))


def as_rejects(judged: DataFrame) -> DataFrame:
    """Make records for the topic `rejects`.

    Args:
        judged: From the function of this name.

    Returns:
        Columns `key`, `value` and `headers`, as Kafka's sink takes them.
    """
    cut_from = F.when(record.is_too_large(), F.octet_length("value"))
    headers = F.array(
        _header(Header.REASON, F.col("reason")),
        _header(Header.TOPIC, F.col("topic")),
        _header(Header.PARTITION, F.col("partition")),
        _header(Header.OFFSET, F.col("offset")),
        _header(Header.APPENDED_MS, F.unix_millis("timestamp")),
        _header(Header.COUNTED, F.col("counted")),
        _header(Header.CUT, cut_from),
    )
    return judged.where(F.col("reason").isNotNull()).select(
        F.substring("key", 1, KEY_KEPT_BYTES).alias("key"),
        F.substring("value", 1, RECORD_MAX_BYTES).alias("value"),
        F.filter(headers, lambda header: header["value"].isNotNull()).alias("headers"),
    )


def _reason() -> Column:
    unread, wrong = F.col("in_header").isNull(), F.col("elements") != F.col("readable")
    checks = {
        Reason.NO_ROOM: F.col("room").isNull(),
        Reason.TOO_LARGE: record.is_too_large(),
        Reason.NO_VALUE: F.col("value").isNull(),
        Reason.BAD_UTF8: F.col("text").isNull(),
        Reason.BAD_JSON: F.col("elements").isNull(),
        Reason.WRONG_COUNTS: F.col("has_header") & (unread | wrong),
        Reason.BAD_REACTIONS: wrong | (F.col("readable") == 0),
        Reason.NO_BATCH_ID: F.col("batch_id").isNull(),
    }
    return F.coalesce(*(F.when(is_so, F.lit(name)) for name, is_so in checks.items()))


def _header(name: Header, value: Column) -> Column:
    return F.struct(
        F.lit(name).alias("key"), value.cast("string").cast("binary").alias("value")
    )
