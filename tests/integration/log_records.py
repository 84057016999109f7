"""Records of `reactions`, as rows that look like those of Spark's Kafka source."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from pyspark.sql import DataFrame, SparkSession

THREE = b'[{"emoji_type":"a"},{"emoji_type":"b"},{"emoji_type":"a"}]'

Pair = tuple[str, str | bytes | None]
Headers = Mapping[str, bytes | None] | Sequence[Pair]

_SCHEMA = (
    "key binary, value binary, topic string, partition int, offset long,"
    " timestamp timestamp, headers array<struct<key:string,value:binary>>"
)


class Record(NamedTuple):
    """One row; the columns of the source that are used."""

    key: bytes | None
    value: bytes | None
    topic: str
    partition: int
    offset: int
    timestamp: dt.datetime
    headers: list[tuple[str, bytes | None]] | None


def at(second: float) -> dt.datetime:
    return dt.datetime(2030, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=second)


def record(
    value: bytes | None,
    headers: Headers | None = None,
    *,
    key: bytes | None = b"final",
    second: float = 0,
    offset: int = 0,
) -> Record:
    """Make a record; `headers` as pairs where one name comes twice."""
    given = None
    if headers is not None:
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        given = [(n, v.encode() if isinstance(v, str) else v) for n, v in pairs]
    return Record(key, value, "reactions", 0, offset, at(second), given)


def frame_of(spark: SparkSession, records: Iterable[Record]) -> DataFrame:
    return spark.createDataFrame(list(records), _SCHEMA)
