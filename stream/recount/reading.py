"""The log of reactions as Spark's Python workers read it: each from offset to offset.

Not through Spark's own source, which hands a value to Python as a text that is pickled:
that takes several times as long as reading what the value says.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

from confluent_kafka import Message
from pyspark.sql import DataFrame, SparkSession

from ingest.topics import BATCH_ID_HEADER, RECORD_MAX_BYTES
from stream.recount.kept import KeptLog
from stream.recount.values import counts_in

SCHEMA = (
    "partition int, offset bigint, appended_ms bigint, batch_id string,"
    " counts array<struct<emoji:string,reactions:bigint>>"
)


class Row(NamedTuple):
    """What a record says, a row of `SCHEMA`.

    Attributes:
        appended_ms: When Kafka had stored it, since the epoch.
        batch_id: What ingest gave to the POST; None where there is none.
        counts: Reactions by emoji; None stands for what is unreadable.
    """

    partition: int
    offset: int
    appended_ms: int
    batch_id: str | None
    counts: list[tuple[str | None, int]]


class Kept(NamedTuple):
    """The records to read.

    Attributes:
        servers: Kafka's addresses.
        topic: The reactions.
        start: The first offset of each partition.
        end: The next after the last.
    """

    servers: str
    topic: str
    start: Mapping[str, int]
    end: Mapping[str, int]


class Piece(NamedTuple):
    """What one task reads of a partition."""

    partition: str
    start: int
    end: int


def kept_records(spark: SparkSession, kept: Kept, room: str) -> DataFrame:
    """Read a room's records out of the log.

    Returns:
        Columns as in `SCHEMA`.
    """
    pieces = pieces_of(kept, spark.sparkContext.defaultParallelism)
    tasks = spark.sparkContext.parallelize(pieces, max(1, len(pieces)))
    rows = tasks.mapPartitions(partial(_rows, kept, room.encode()))
    return spark.createDataFrame(rows, SCHEMA, verifySchema=False)


def pieces_of(kept: Kept, tasks: int) -> list[Piece]:
    """Cut the log into pieces of one length, two or more for each task at once."""
    lengths = {each: kept.end[each] - first for each, first in kept.start.items()}
    longest = max(1, -(-sum(lengths.values()) // (2 * tasks)))
    return [
        Piece(partition, at, min(at + longest, kept.end[partition]))
        for partition, first in kept.start.items()
        for at in range(first, kept.end[partition], longest)
    ]


def rows_of(messages: Iterable[Message], room: bytes) -> Iterator[Row]:
    """Yield what each record of the room says."""
    for message in messages:
        if message.key() == room:
            value = message.value()
            is_possible = value is not None and len(value) <= RECORD_MAX_BYTES
            yield Row(
                message.partition() or 0,
                message.offset() or 0,
                message.timestamp()[1],
                _batch_id(message),
                counts_in(value if is_possible else None),
            )


def _rows(kept: Kept, room: bytes, pieces: Iterable[Piece]) -> Iterator[Row]:
    log = KeptLog(kept.servers)
    try:
        for piece in pieces:
            start, end = {piece.partition: piece.start}, {piece.partition: piece.end}
            yield from rows_of(log.messages(kept.topic, start, end), room)
    finally:
        log.close()


def _batch_id(message: Message) -> str | None:
    headers = message.headers() or ()
    for name, value in headers.items() if isinstance(headers, dict) else headers:
        if name == BATCH_ID_HEADER:
            try:
                return (value.decode() if isinstance(value, bytes) else value) or None
            except UnicodeDecodeError:
                return None
    return None
