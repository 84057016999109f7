"""Recounting as DataFrame functions: records in, one row for each kind and emoji.

Nothing of the stream's counting is used, and no header but the batch's id: what is
in the values counts. Each record's reactions were added up where they were read, so
that what is shuffled is small.
"""

import itertools
from dataclasses import dataclass
from typing import Self

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from stream.recount.claims import Offsets
from stream.recount.tally import COUNTED, OVERDUE, REPEATED, UNREADABLE


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of the records is asked for; the rest is read to know repeats by.

    Attributes:
        is_inside: By `partition`, `offset` and `appended_ms`.
        is_read_first: Whether the stream had read all of it before the rest, so that
            a copy in it counts, whenever the others were stored.
    """

    is_inside: Column
    is_read_first: bool

    @classmethod
    def below(cls, offsets: Offsets) -> Self:
        """Take what lies below these offsets."""
        pairs = [
            (F.lit(int(partition)), F.lit(offset).cast("bigint"))
            for partition, offset in offsets.items()
        ]
        ends = F.create_map(*itertools.chain.from_iterable(pairs))
        end = F.try_element_at(ends, F.col("partition"))
        return cls(end.isNotNull() & (F.col("offset") < end), is_read_first=True)

    @classmethod
    def between(cls, from_ms: int, to_ms: int) -> Self:
        """Take what was stored in that time, the end left out."""
        appended_ms = F.col("appended_ms")
        is_inside = (appended_ms >= from_ms) & (appended_ms < to_ms)
        return cls(is_inside, is_read_first=False)


def recounted(records: DataFrame, part: Part, *, dedupe_s: int) -> DataFrame:
    """Count the reactions of one room.

    Args:
        records: Of the room, as `stream.recount.reading` reads them.
        part: Which of the records are asked for.
        dedupe_s: How long after its first copy a batch is surely known as a repeat.

    Returns:
        Columns `kind` (of `stream.recount.tally`), `is_inside` (boolean),
        `is_movable` (boolean: copies of its batch lie inside and outside), `emoji`
        (null where unreadable) and `reactions`.
    """
    kinds = _with_kinds(records, part, dedupe_s)
    return (
        kinds.groupBy("kind", "is_inside", "is_movable", "emoji")
        .agg(F.sum("reactions").alias("reactions"))
        .select("kind", "is_inside", "is_movable", "emoji", "reactions")
    )


def _with_kinds(records: DataFrame, part: Part, dedupe_s: int) -> DataFrame:
    """Say of each emoji what becomes of it: of a batch the first copy counts."""
    batch = Window.partitionBy(_identity())
    side = [(~F.col("is_inside")).alias("is_later")] if part.is_read_first else []
    columns = [F.col(name) for name in ("appended_ms", "partition", "offset")]
    order = F.struct(*side, *columns)
    # What cannot be read uses up no id.
    is_readable = F.exists("counts", lambda pair: pair["emoji"].isNotNull())
    first = F.min(F.when(is_readable, order)).over(batch)
    is_on_both_sides = F.min("is_inside").over(batch) != F.max("is_inside").over(batch)
    marked = records.withColumn("is_inside", part.is_inside)
    met = marked.select(
        "*", order.alias("place"), first.alias("first"), is_on_both_sides.alias("both")
    )
    later_ms = F.col("appended_ms") - F.col("first.appended_ms")
    kind = (
        F.when(F.col("place") == F.col("first"), COUNTED)
        .when(later_ms <= dedupe_s * 1000, REPEATED)
        .otherwise(OVERDUE)
    )
    each = met.select(
        kind.alias("kind"),
        "is_inside",
        F.col("both").alias("is_movable"),
        F.inline("counts"),
    )
    is_unreadable = F.col("emoji").isNull()
    return each.withColumn(
        "kind", F.when(is_unreadable, UNREADABLE).otherwise(F.col("kind"))
    )


def _identity() -> Column:
    """Return what is the same for all copies of a batch, and for nothing else."""
    no_batch = F.col("batch_id").isNull()
    return F.struct(
        "batch_id",
        F.when(no_batch, F.col("partition")),
        F.when(no_batch, F.col("offset")),
    )
