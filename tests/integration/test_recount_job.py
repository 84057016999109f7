"""Recounting as DataFrame functions, over records as they are read from Kafka."""

import json

from confluent_kafka import Message
from pyspark.sql import SparkSession

from stream.recount.job import Part, recounted
from stream.recount.reading import SCHEMA, rows_of
from stream.recount.tally import Tally
from tests.integration.log_records import THREE, Record, at, record

ALL = 1 << 40


def message(record: Record) -> Message:
    """Return the record as confluent-kafka gives it."""
    return Message(
        key=record.key,
        value=record.value,
        headers=[*(record.headers or [])],
        partition=record.partition,
        offset=record.offset,
        timestamp=(1, int(record.timestamp.timestamp() * 1000)),
    )


def tally(spark: SparkSession, *records: Record, part: Part | None = None) -> Tally:
    asked = part or Part.below({"0": ALL})
    rows = list(rows_of(map(message, records), b"final"))
    found = recounted(spark.createDataFrame(rows, SCHEMA), asked, dedupe_s=60)
    return Tally.of((r[0], r[1], r[2], r[3], r[4]) for r in found.collect())


def start_ms() -> int:
    return int(at(0).timestamp() * 1000)


def test_values_are_counted_whatever_the_header_says(spark: SparkSession) -> None:
    headers = {"batch_id": b"id", "counts": json.dumps({"a": 499}).encode()}

    assert tally(spark, record(THREE, headers)).counts == {"a": 2, "b": 1}


def test_only_the_room_itself_is_counted(spark: SparkSession) -> None:
    records = [record(THREE), record(THREE, key=b"semi"), record(THREE, key=None)]

    assert tally(spark, *records).read == 3


def test_of_a_batch_the_first_copy_counts(spark: SparkSession) -> None:
    def copy(second: float, batch_id: bytes, offset: int) -> Record:
        headers = {"batch_id": batch_id}
        return record(THREE, headers, second=second, offset=offset)

    found = tally(
        spark,
        copy(0, b"x", 0),
        copy(60, b"x", 1),
        copy(60.001, b"x", 2),
        copy(1, b"y", 3),
    )

    assert (found.recounted, found.repeated, found.overdue) == (9, 3, 3)


def test_without_an_id_every_record_counts(spark: SparkSession) -> None:
    records = [
        record(THREE, headers, offset=offset)
        for offset, headers in enumerate(
            [None, {}, {"batch_id": b""}, {"batch_id": b""}]
        )
    ]

    assert tally(spark, *records).recounted == 12


def test_what_names_no_emoji_is_unreadable_and_uses_up_no_id(
    spark: SparkSession,
) -> None:
    headers = {"batch_id": b"id"}
    values = [
        None,
        b"",
        b"{",
        b"\xff",
        b'[{"emoji_type":null}]',
        b'[{"emoji_type":"\\n"}]',
    ]
    bad = [record(value, headers, offset=n) for n, value in enumerate(values)]

    found = tally(spark, *bad, record(THREE, headers, second=1, offset=9))

    assert (found.recounted, found.unreadable) == (3, len(values))


def test_a_value_that_is_too_large_counts_nothing(spark: SparkSession) -> None:
    many = json.dumps([{"emoji_type": "a" * 60}] * 4000).encode()

    assert tally(spark, record(many)).counts == {}


def test_offsets_part_what_is_asked_for_from_the_rest(spark: SparkSession) -> None:
    records = [record(THREE, offset=offset) for offset in range(5)]

    found = tally(spark, *records, part=Part.below({"0": 2}))

    assert (found.recounted, found.everywhere) == (6, 15)


def test_below_the_offsets_a_copy_counts_whenever_the_other_was_stored(
    spark: SparkSession,
) -> None:
    headers = {"batch_id": b"id"}
    records = [
        record(THREE, headers, second=5, offset=0),
        record(THREE, headers, second=4, offset=9),
    ]

    found = tally(spark, *records, part=Part.below({"0": 1}))

    assert (found.recounted, found.everywhere) == (3, 3)


def test_a_time_parts_by_when_a_record_was_stored(spark: SparkSession) -> None:
    records = [record(THREE, second=s, offset=s) for s in range(5)]
    second = Part.between(start_ms() + 1000, start_ms() + 3000)

    assert tally(spark, *records, part=second).recounted == 6


def test_a_batch_with_copies_on_both_sides_of_an_edge_is_movable(
    spark: SparkSession,
) -> None:
    headers = {"batch_id": b"id"}
    records = [
        record(THREE, headers, second=0, offset=0),
        record(THREE, headers, second=2, offset=1),
        record(THREE, second=2, offset=2),
    ]
    later = Part.between(start_ms() + 1000, start_ms() + 3000)

    found = tally(spark, *records, part=later)

    assert (found.recounted, found.repeated, found.movable) == (3, 3, 3)
