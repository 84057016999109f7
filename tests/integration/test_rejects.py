"""What stream counts and what it rejects: each record is one or the other."""

import json
from collections.abc import Iterable

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from ingest import emoji_table
from ingest.batch import Batch
from ingest.reaction import decode
from ingest.topics import RECORD_MAX_BYTES, RECORD_REACTIONS_MAX
from stream.counting import identified
from stream.reject import KEY_KEPT_BYTES, Reason, Reject
from stream.rejects import as_rejects, judged
from tests.integration.log_records import THREE, Record, at, frame_of, record
from tests.integration.poison import FINE, ID, POISON

SMALL_BYTES = 1000


def numbered(records: Iterable[Record]) -> list[Record]:
    """Give each an offset, and its own time to be known by where that is gone."""
    return [
        each._replace(offset=offset, timestamp=at(offset))
        for offset, each in enumerate(records)
    ]


def rejects_of(spark: SparkSession, records: Iterable[Record]) -> dict[int, Reject]:
    rows = as_rejects(judged(frame_of(spark, numbered(records)))).collect()
    read = [
        Reject.read(
            row.key, row.value, [(each.key, each.value) for each in row.headers]
        )
        for row in rows
    ]
    return {reject.offset: reject for reject in read}


def counted_of(spark: SparkSession, records: Iterable[Record]) -> dict[int, int]:
    """Return how many reactions are counted, by the offset of their record."""
    pairs = identified(frame_of(spark, numbered(records))).select(
        F.unix_seconds("appended").alias("second"), F.inline("counts")
    )
    rows = pairs.groupBy("second").agg(F.sum("count").alias("n")).collect()
    return {row.second - int(at(0).timestamp()): row.n for row in rows}


@pytest.fixture(scope="module")
def poison(spark: SparkSession) -> dict[int, Reject]:
    return rejects_of(spark, [each for each, _, _ in POISON])


@pytest.mark.parametrize("index", range(len(POISON)))
def test_what_is_wrong_with_a_record_is_told(
    poison: dict[int, Reject], index: int
) -> None:
    given, reason, counted = POISON[index]
    reject = poison[index]

    assert (reject.reason, reject.counted) == (reason, counted)
    assert (reject.topic, reject.partition) == ("reactions", 0)
    assert reject.appended_ms == at(index).timestamp() * 1000
    assert reject.key == (given.key and given.key[:KEY_KEPT_BYTES])
    assert reject.value == (given.value and given.value[:RECORD_MAX_BYTES])
    whole = len(given.value or b"") if reason is Reason.TOO_LARGE else None
    assert reject.cut_from_bytes == whole


def test_a_record_that_says_what_it_holds_is_no_reject(spark: SparkSession) -> None:
    assert rejects_of(spark, [each for each, _ in FINE]) == {}


def test_what_is_said_to_be_counted_is_counted(spark: SparkSession) -> None:
    counted = counted_of(spark, [each for each, _, _ in POISON])

    assert counted == {i: n for i, (_, _, n) in enumerate(POISON) if n}


def test_every_record_is_counted_or_rejected_whatever_is_in_it(
    spark: SparkSession,
) -> None:
    """Every value with every set of headers above, and with keys of all kinds."""
    seen = [each for each, _, _ in POISON] + [each for each, _ in FINE]
    values = {each.value for each in seen if len(each.value or b"") < SMALL_BYTES}
    headers = {None if (h := each.headers) is None else (*h,) for each in seen}
    combined = [
        record(value, pairs, key=key)
        for key in (b"final", None, b"", b"final\n", b"\xff")
        for value in values
        for pairs in headers
    ]

    counted, rejected = counted_of(spark, combined), rejects_of(spark, combined)

    everything = set(range(len(combined)))
    left_out = {offset for offset, reject in rejected.items() if not reject.counted}
    assert left_out == everything - set(counted)
    for offset in set(rejected) - left_out:
        assert rejected[offset].counted == counted[offset], combined[offset]
    assert len(counted) > len(everything - set(rejected)) > 0


def test_what_is_not_counted_uses_up_no_id(spark: SparkSession) -> None:
    rows = identified(frame_of(spark, [record(b"{", ID), record(THREE, ID)])).collect()

    assert [row.batch_id for row in rows] == ["id"]


def test_nothing_that_ingest_writes_is_ever_rejected(spark: SparkSession) -> None:
    users = ["u", "\0", '"\\/', "\x7f", "\u2028", "\ufffd\uffff", "é" * 64, "\1" * 64]
    spellings = [*emoji_table._TABLE]  # noqa: SLF001 - every one there is
    reactions = [
        {"user_id": users[i % len(users)], "emoji_type": text, "timestamp": i}
        for i, text in enumerate(spellings)
    ]
    bodies = [
        json.dumps(reactions[i : i + RECORD_REACTIONS_MAX]).encode()
        for i in range(0, len(reactions), RECORD_REACTIONS_MAX)
    ]
    batches = [Batch("final", "id", 1, decode(body).accepted) for body in bodies]
    records = [record(batch.value(), batch.headers()) for batch in batches]

    assert rejects_of(spark, records) == {}
    assert sum(counted_of(spark, records).values()) == len(spellings)
