"""How the log is cut for those who read it side by side."""

from collections.abc import Mapping

import pytest

from stream.recount.reading import Kept, pieces_of
from stream.recount.run import reason


def kept(start: Mapping[str, int], end: Mapping[str, int]) -> Kept:
    return Kept("", "reactions", start, end)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ({"0": 0, "1": 0}, {"0": 20, "1": 20}),
        ({"0": 5, "1": 19}, {"0": 6, "1": 1000}),
        ({"0": 7, "1": 3}, {"0": 7, "1": 3}),
        ({"0": 7, "1": 3}, {"0": 7, "1": 4}),
    ],
)
def test_each_record_is_read_once(
    start: Mapping[str, int], end: Mapping[str, int]
) -> None:
    pieces = pieces_of(kept(start, end), tasks=3)

    read = [(p.partition, at) for p in pieces for at in range(p.start, p.end)]
    assert sorted(read) == [(p, at) for p in start for at in range(start[p], end[p])]


def test_every_task_has_two_pieces_that_are_alike() -> None:
    pieces = pieces_of(kept({"0": 0, "1": 0}, {"0": 600, "1": 600}), tasks=3)

    assert {piece.end - piece.start for piece in pieces} == {200}
    assert len(pieces) == 6


def test_why_a_worker_gave_up_is_found_in_the_trace() -> None:
    trace = """An error occurred while calling o123.collectToPython.
: org.apache.spark.SparkException: Job aborted due to stage failure: Traceback:
  File "kept.py", line 1, in messages
stream.recount.kept.KafkaAway: Kafka has removed what was to be read: try again.
\tat org.apache.spark"""

    assert reason(Exception(trace)) == (
        "Kafka has removed what was to be read: try again."
    )


def test_what_else_fails_is_said_by_its_first_line() -> None:
    assert reason(Exception("out of memory\n\tat org")) == "Spark failed: out of memory"
