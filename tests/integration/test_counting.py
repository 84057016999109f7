import json
from collections.abc import Mapping
from pathlib import Path

import msgspec
import psutil
import pytest
from pyspark.sql import Row, SparkSession

from stream.class_sharing import CLASSES
from stream.counting import count_per_window, identified, without
from tests.integration.kafka_server import JARS_DIR
from tests.integration.log_records import THREE, Record, at, frame_of, record


def read(spark: SparkSession, *records: Record) -> list[Row]:
    return identified(frame_of(spark, records)).collect()


def pairs(row: Row) -> dict[str, int] | None:
    return row.counts and {pair.emoji: pair["count"] for pair in row.counts}


def test_a_session_keeps_all_that_is_temporary_in_its_emptied_scratch_folder(
    spark: SparkSession, scratch: Path
) -> None:
    (temporary,) = spark.sql(
        "select java_method('java.lang.System', 'getProperty', 'java.io.tmpdir')"
    ).first() or ("",)

    assert temporary == str(scratch)
    assert list(scratch.glob("blockmgr-*"))
    assert not (scratch / "left-behind").exists()


def test_a_session_reads_its_classes_from_what_set_up_has_noted(
    spark: SparkSession, scratch: Path
) -> None:
    spark.range(1).collect()
    (java,) = [
        process
        for process in psutil.process_iter(["cmdline"])
        if f"-Djava.io.tmpdir={scratch}" in (process.info["cmdline"] or ())
    ]

    assert str(JARS_DIR.parent / "spark" / CLASSES) in {
        one.path for one in java.memory_maps()
    }


def test_counts_come_from_the_header_where_there_is_one(spark: SparkSession) -> None:
    headers = {"batch_id": b"id", "counts": json.dumps({"a": 2, "b": 1}).encode()}

    (row,) = read(spark, record(b"not even looked at", headers))

    assert (row.room, row.batch_id) == ("final", "id")
    assert pairs(row) == {"a": 2, "b": 1}


@pytest.mark.parametrize(
    "headers",
    [None, {}, {"other": b"x"}, {"counts": None}, {"counts": b"{not json"}],
    ids=["no headers", "empty", "another", "null", "bad"],
)
def test_counts_come_from_the_value_where_there_is_no_header(
    spark: SparkSession, headers: Mapping[str, bytes | None] | None
) -> None:
    (row,) = read(spark, record(THREE, headers, offset=7))

    assert [(pair.emoji, pair["count"]) for pair in row.counts] == [
        ("a", 1),
        ("b", 1),
        ("a", 1),
    ]
    assert row.batch_id == "reactions/0/7"


def test_a_record_of_no_room_is_left_out(spark: SparkSession) -> None:
    assert read(spark, record(THREE, key=None)) == []


@pytest.mark.parametrize(
    "value",
    [None, b"", b"{", b"\xff\xfe", b"[1]", b'"x"', b'[{"emoji_type":null}]', b"[]"],
)
def test_what_cannot_be_read_counts_nothing_and_ends_nothing(
    spark: SparkSession, value: bytes | None
) -> None:
    records = frame_of(spark, [record(value), record(THREE)])

    counted = count_per_window(identified(records), window_ms=2000).collect()

    assert {row.emoji: row["count"] for row in counted} == {"a": 2, "b": 1}


@pytest.mark.parametrize("count", [0, -1, 501, 1 << 62, 1 << 70])
def test_a_count_that_no_record_can_have_is_left_out(
    spark: SparkSession, count: int
) -> None:
    headers = {"counts": json.dumps({"a": count, "b": 1}).encode()}
    records = frame_of(spark, [record(None, headers)] * 3)

    counted = count_per_window(identified(records), window_ms=2000).collect()

    assert {row.emoji: row["count"] for row in counted}.get("b", 3) == 3
    assert "a" not in {row.emoji for row in counted}


def test_a_reaction_on_the_edge_belongs_to_the_later_window(
    spark: SparkSession,
) -> None:
    records = [record(b'[{"emoji_type":"a"}]', second=s) for s in (1.999, 2, 3.5)]
    batches = identified(frame_of(spark, records))

    counted = count_per_window(batches, window_ms=2000).collect()

    start_ms = int(at(0).timestamp() * 1000)
    assert sorted(counted) == [
        ("final", start_ms, "a", 1, start_ms + 1999),
        ("final", start_ms + 2000, "a", 2, start_ms + 3500),
    ]


def test_rooms_do_not_mix(spark: SparkSession) -> None:
    records = [record(THREE), record(THREE, key=b"semi")]
    batches = identified(frame_of(spark, records))

    counted = count_per_window(batches, window_ms=2000).collect()

    assert {(row.room, row.emoji): row["count"] for row in counted} == {
        ("final", "a"): 2,
        ("final", "b"): 1,
        ("semi", "a"): 2,
        ("semi", "b"): 1,
    }


def test_a_batch_is_left_out_only_in_the_room_that_knows_it(
    spark: SparkSession,
) -> None:
    headers = {"batch_id": b"id"}
    records = [record(THREE, headers), record(THREE, headers, key=b"semi")]
    batches = identified(frame_of(spark, records))
    known = spark.createDataFrame([("final", "id")], "room string, batch_id string")

    (left,) = without(batches, known).collect()

    assert left.room == "semi"


@pytest.mark.parametrize("key", [b"", b"Final", b"a_b", b"x" * 64, b"\xff"])
def test_a_key_that_is_no_room_is_left_out(spark: SparkSession, key: bytes) -> None:
    assert read(spark, record(THREE, key=key)) == []


def test_an_emoji_longer_than_any_is_left_out(spark: SparkSession) -> None:
    headers = {"counts": json.dumps({"x" * 65: 1, "y" * 64: 1}).encode()}
    records = frame_of(spark, [record(None, headers)])

    counted = count_per_window(identified(records), window_ms=2000).collect()

    assert [row.emoji for row in counted] == ["y" * 64]


def test_what_takes_more_bytes_in_json_is_no_emoji(spark: SparkSession) -> None:
    texts = [*map(chr, range(0x100)), "\u2028", "\ufffd", "👍"]
    values = [json.dumps([{"emoji_type": text}]).encode() for text in texts]

    rows = read(spark, *map(record, values))

    as_long = {t for t in texts if len(msgspec.json.encode(t)) == len(t.encode()) + 2}
    assert {row.counts[0].emoji for row in rows} == as_long
