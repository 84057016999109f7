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

SKIPPED_EACH = 5
"""Of so many windows one is skipped, those whose number it divides."""

RECORDS_A_TRIGGER = 1000


def drops_a_record(spark: SparkSession, records: DataFrame, epoch: Epoch) -> DataFrame:
    return counted(spark, records.where(~_is_marked()), epoch)


def counts_a_record_twice(
    spark: SparkSession, records: DataFrame, epoch: Epoch
) -> DataFrame:
    """Give the second copy no id, so that it is nobody's repeat."""
    copies = F.sequence(F.lit(1), F.when(_is_marked(), 2).otherwise(1))
    twice = records.select("*", F.explode(copies).alias("copy"))
    headers = F.when(F.col("copy") == 1, F.col("headers"))
    return counted(spark, twice.withColumn("headers", headers).drop("copy"), epoch)


def skips_a_window(spark: SparkSession, records: DataFrame, epoch: Epoch) -> DataFrame:
    each_ms = SKIPPED_EACH * epoch.shape.window_ms
    counts = counted(spark, records, epoch)
    return counts.where(F.col("window_start_ms") % each_ms != 0)


def reads_with_a_limit(spark: SparkSession, source: Source, epoch: Epoch) -> DataFrame:
    limit = {"maxOffsetsPerTrigger": str(RECORDS_A_TRIGGER)}
    return read_reactions(spark, source, epoch, limit)


FAULTS = {
    "drop": Plan(count=drops_a_record),
    "twice": Plan(count=counts_a_record_twice),
    "skip": Plan(count=skips_a_window),
    "limit": Plan(read=reads_with_a_limit),
}


def _is_marked() -> Column:
    is_it = F.exists(
        "headers",
        lambda header: (
            (header["key"] == F.lit(BATCH_ID_HEADER))
            & (header["value"] == F.lit(MARKED).cast("binary"))
        ),
    )
    return F.ifnull(is_it, F.lit(0).cast("boolean"))


if __name__ == "__main__":
    sys.exit(main(FAULTS[sys.argv[1]]))
