"""The Spark of a reference: reads a topic to its end, as often as it is asked.

`python -m tests.load.references.spark_reader`, with the product's settings.
"""

import os
import tempfile
from functools import partial

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming.readwriter import DataStreamWriter

from compose.settings import Settings
from stream.counting import count_per_window, first_of_each, identified
from stream.spark import SparkOptions, open_session
from tests.load.child import serve
from tests.load.cpu import CpuMeter
from tests.load.references.spark_reading import Read, Reading


def read(settings: Settings, spark: SparkSession, order: Reading) -> Read:
    """Run one query from the topic's begin to its end.

    Args:
        settings: The product's.
        spark: Opened with them.
        order: What to read, and into what.
    """
    records = _records(settings, spark, order.topic)
    counts: list[int] = []
    query = _counting(settings, records, counts) if order.is_counted else _noop(records)
    with (
        tempfile.TemporaryDirectory(dir=order.scratch) as checkpoint,
        CpuMeter({"spark": os.getpid()}) as meter,
    ):
        to_the_end = query.trigger(availableNow=True)
        to_the_end.option("checkpointLocation", checkpoint).start().awaitTermination()
    return Read(
        seconds=meter.seconds, cores=meter.cores["spark"], reactions=sum(counts)
    )


def _records(settings: Settings, spark: SparkSession, topic: str) -> DataFrame:
    return (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", settings.bootstrap_servers)
        .option("subscribe", topic)
        .option("includeHeaders", "true")
        .option("startingOffsets", "earliest")
        .load()
    )


def _noop(records: DataFrame) -> DataStreamWriter:
    return records.writeStream.format("noop")


def _counting(
    settings: Settings, records: DataFrame, counts: list[int]
) -> DataStreamWriter:
    """Count as the product's query does; what is counted goes into `counts`."""

    def collect(rows: DataFrame, _batch: int) -> None:
        counts.extend(row["count"] for row in rows.collect())

    once = first_of_each(identified(records), dedupe_s=settings.stream_dedupe_s)
    counted = count_per_window(once, window_ms=settings.stream_window_ms)
    return counted.writeStream.outputMode("update").foreachBatch(collect)


def main() -> None:
    """Open the session and serve."""
    settings = Settings.load()
    options = SparkOptions(
        master=settings.spark_master,
        driver_memory_mb=settings.spark_driver_memory_mb,
        shuffle_partitions=settings.spark_shuffle_partitions,
        jars=settings.jars_dir / "spark",
        scratch=settings.stream_dir / "scratch",
    )
    spark = open_session(options)
    serve(Reading, partial(read, settings, spark))
    spark.stop()


if __name__ == "__main__":
    main()
