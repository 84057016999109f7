"""The second query: finds rejects beside the first, and is never in its way.

It has its own place in the log, takes one task at a time, and may be behind. What it
writes may be repeated after it was started again: a reject is known by its partition
and offset.
"""

from dataclasses import dataclass
from pathlib import Path

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from stream.epoch import Epoch
from stream.query import Source, read_reactions
from stream.reject import Reason
from stream.reject_place import checkpoint_in
from stream.rejects import as_rejects, judged
from stream.restarting import OBSERVED, NotStarted, Query

_EVERY = "5 seconds"
"""A trigger has its price whatever it reads, and nobody waits for rejects."""

_RECORDS_MAX = 20_000
"""Of one trigger, some 4 s of work: it ends soon even if much waits, and so does the
stream. Where more than that comes in 5 s, rejects are found later and later."""

_READ = {
    "maxOffsetsPerTrigger": str(_RECORDS_MAX),
    # What Kafka keeps no more can never be read: go on with what it keeps.
    "failOnDataLoss": "false",
}
_WRITE = {
    "kafka.compression.type": "lz4",
    # Ends the query, which is started again, long before Kafka's own two minutes.
    "kafka.max.block.ms": "5000",
    "kafka.request.timeout.ms": "5000",
    "kafka.delivery.timeout.ms": "10000",
}


@dataclass(frozen=True, slots=True)
class RejectQuery:
    """The query over `source` into `topic`, with its checkpoints in `folder`."""

    spark: SparkSession
    source: Source
    topic: str
    epoch: Epoch
    folder: Path

    def start(self) -> Query:
        """Start it where it was; for a reaction log it does not know, with the epoch.

        Raises:
            NotStarted: If that cannot be done.
        """
        try:
            return self._start(checkpoint_in(self.folder, self.epoch.shape.topic_id))
        except (OSError, PySparkException, Py4JError) as error:
            raise NotStarted(str(error)) from error

    def _start(self, checkpoint: Path) -> Query:
        records = read_reactions(self.spark, self.source, self.epoch, _READ)
        # One task: the first query needs the other cores when its trigger comes. What
        # is observed also keeps Spark from asking for each reason twice: half the cost.
        found = judged(records.coalesce(1)).observe(
            OBSERVED, *(F.count_if(F.col("reason") == r).alias(r) for r in Reason)
        )
        return (
            as_rejects(found)
            .writeStream.format("kafka")
            .options(**_WRITE)
            .option("kafka.bootstrap.servers", self.source.servers)
            .option("topic", self.topic)
            .option("checkpointLocation", str(checkpoint))
            .trigger(processingTime=_EVERY)
            .start()
        )
