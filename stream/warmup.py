"""Counting a few made-up records before real ones come.

The first triggers after a start take seconds: classes are loaded, code is generated
and compiled. Whoever reacts first should not be the one who waits for it.
"""

import logging
import shutil
import threading
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from ingest.topics import BATCH_ID_HEADER, COUNTS_HEADER
from stream.counting import count_per_window, first_of_each, identified
from stream.epoch import Shape

log = logging.getLogger(__name__)

_TRIGGERS = 3
_WITHIN_S = 30.0


def warm_up(spark: SparkSession, shape: Shape, scratch: Path) -> None:
    """Run the query's plan over records of nobody, into nothing.

    Args:
        spark: The session to warm up.
        shape: As in the real query: other numbers would be other code.
        scratch: A folder for a checkpoint that is thrown away.
    """
    done = threading.Semaphore(0)

    def count(counts: DataFrame, _batch: int) -> None:
        counts.collect()
        done.release()

    folder = scratch / "warm-up"
    shutil.rmtree(folder, ignore_errors=True)
    once = first_of_each(identified(_records(spark)), dedupe_s=shape.dedupe_s)
    query = (
        count_per_window(once, window_ms=shape.window_ms)
        .writeStream.outputMode("update")
        .foreachBatch(count)
        .option("checkpointLocation", str(folder))
        .start()
    )
    for _ in range(_TRIGGERS):
        if not done.acquire(timeout=_WITHIN_S):
            log.warning("not warmed up error=%s", query.exception())
            break
    query.stop()
    shutil.rmtree(folder, ignore_errors=True)


def _records(spark: SparkSession) -> DataFrame:
    """Make records as Kafka's source gives them."""
    rows = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 20).load()
    number = F.col("value").cast("string").cast("binary")
    counts = F.lit('{"❤️":1,"😂":2}').cast("binary")
    headers = F.array(
        F.struct(F.lit(BATCH_ID_HEADER).alias("key"), number.alias("value")),
        F.struct(F.lit(COUNTS_HEADER).alias("key"), counts.alias("value")),
    )
    return rows.select(
        F.lit("warm-up").cast("binary").alias("key"),
        F.lit("[]").cast("binary").alias("value"),
        F.lit("warm-up").alias("topic"),
        F.lit(0).alias("partition"),
        F.col("value").alias("offset"),
        "timestamp",
        headers.alias("headers"),
    )
