"""The stream with one fault in its query, for whoever must find it.

python -m tests.integration.faulty_stream FAULT
"""

import sys

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from ingest.topics import BATCH_ID_HEADER
from stream.__main__ import main
from stream.epoch import Epoch
from stream.query import Plan, Source, counted, read_reactions

MARKED = "the-marked-batch"
"""The id of the batch that is dropped, or counted twice."""

DROPS, TWICE, SKIPS = "drops", "twice", "skips"
"""Rooms, each with a fault of its own."""

SKIPPED_EACH = 5
"""Of so many windows one is skipped, those whose number it divides."""

RECORDS_A_TRIGGER = 1000


def errs(spark: SparkSession, records: DataFrame, epoch: Epoch) -> DataFrame:
    """Drop a record, count one twice, leave windows out: each in its room.

    The copy of what counts twice has no id, so that it is nobody's repeat.
    """
    copies = F.when(_is_marked_in(DROPS), 0).when(_is_marked_in(TWICE), 2).otherwise(1)
    copied = records.select("*", F.explode(F.sequence(F.lit(0), copies)).alias("copy"))
    headers = F.when(F.col("copy") == 1, F.col("headers"))
    faulty = copied.where("copy > 0").withColumn("headers", headers).drop("copy")
    counts = counted(spark, faulty, epoch)
    each_ms = SKIPPED_EACH * epoch.shape.window_ms
    is_skipped = F.col("window_start_ms") % each_ms == 0
    return counts.where((F.col("room") != SKIPS) | ~is_skipped)


def reads_with_a_limit(spark: SparkSession, source: Source, epoch: Epoch) -> DataFrame:
    limit = {"maxOffsetsPerTrigger": str(RECORDS_A_TRIGGER)}
    return read_reactions(spark, source, epoch, limit)


FAULTS = {"errs": Plan(count=errs), "limit": Plan(read=reads_with_a_limit)}


def _is_marked_in(room: str) -> Column:
    is_it = F.exists(
        "headers",
        lambda header: (
            (header["key"] == F.lit(BATCH_ID_HEADER))
            & (header["value"] == F.lit(MARKED).cast("binary"))
        ),
    )
    return (F.col("key") == F.lit(room).cast("binary")) & is_it


if __name__ == "__main__":
    sys.exit(main(FAULTS[sys.argv[1]]))
