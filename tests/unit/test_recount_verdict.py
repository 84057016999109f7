"""A recount beside the stream's word, and how a person reads it."""

import msgspec
import pytest

from compose.recount_lines import text
from stream.recount.claims import Claim, Counts
from stream.recount.tally import COUNTED, OVERDUE, REPEATED, UNREADABLE, Row, Tally
from stream.recount.verdict import Recount, Removed

REMOVED = Removed({"0": 12, "1": 7}, since_ms=90_000)


def counted(reactions: int, emoji: str = "a", *, is_inside: bool = True) -> Row:
    return (COUNTED, is_inside, False, emoji, reactions)


def of_all(
    claimed: Counts,
    *rows: Row,
    total: int | None = None,
    removed: Removed | None = None,
) -> Recount:
    tally = Tally.of(rows)
    newest = tally.everywhere if total is None else total
    claim = Claim(newest, claimed, {"0": 1})
    return Recount.of_all("final", claim, tally, removed, total=newest, seconds=2)


def of_time(n: int | None, *rows: Row, removed: Removed | None = None) -> Recount:
    times = (60_000, 120_000)
    return Recount.of_time("final", times, n, Tally.of(rows), removed, seconds=2)


def test_a_tally_adds_up_what_is_asked_for_and_all_that_was_read() -> None:
    tally = Tally.of(
        [
            counted(5),
            counted(2, "b"),
            counted(8, is_inside=False),
            (REPEATED, True, True, "a", 3),
            (OVERDUE, True, False, "a", 4),
            (UNREADABLE, True, False, None, 1),
            (COUNTED, False, True, "a", 6),
        ]
    )

    assert tally == Tally(
        counts={"a": 9, "b": 2},
        repeated=3,
        overdue=4,
        unreadable=1,
        overdue_anywhere=4,
        movable=6,
        everywhere=25,
        read=29,
    )


def test_what_agrees_is_said_to_and_how_fast_it_was_read() -> None:
    found = of_all({"a": 5}, counted(5), counted(3, is_inside=False))

    assert (found.agrees, found.difference, found.missing) == (True, 0, 0)
    assert found.per_s == 4
    assert "what the stream has counted is what Kafka holds" in text(found)


@pytest.mark.parametrize("claimed", [{"a": 4}, {"a": 6}, {"a": 4, "b": 1}])
def test_any_other_number_of_any_emoji_is_a_difference(claimed: Counts) -> None:
    found = of_all(claimed, counted(5))

    assert found.agrees is False
    assert found.wrong["a"] == (claimed["a"], 5)
    assert "NOT" in text(found)


def test_what_is_in_no_total_when_the_recount_ends_is_missing() -> None:
    found = of_all({"a": 5}, counted(5), counted(3, is_inside=False), total=7)

    assert (found.agrees, found.difference, found.missing) == (False, 0, 1)
    assert "1  in Kafka, and in no total" in text(found)


def test_a_total_beyond_all_that_there_is_is_wrong() -> None:
    assert of_all({"a": 5}, counted(5), total=6).agrees is False


def test_so_late_a_repeat_may_be_counted_or_not() -> None:
    late: Row = (OVERDUE, True, False, "a", 2)

    verdicts = [of_all({"a": n}, counted(5), late, total=5).agrees for n in range(4, 9)]

    assert verdicts == [False, True, True, True, False]


def test_where_emoji_are_not_named_only_the_sums_are_compared() -> None:
    assert of_all({"a": 3, "": 2}, counted(3), counted(2, "b")).agrees is True


def test_what_retention_has_removed_is_named_and_no_contradiction() -> None:
    found = of_all({"a": 50}, counted(5), total=50, removed=REMOVED)

    assert (found.agrees, found.wrong, found.missing) == (None, {}, None)
    shown = text(found)
    assert "no longer in Kafka" in shown
    assert "0/12, 1/7" in shown
    assert "since 1970-01-01T00:01:30Z" in shown


def test_more_than_was_counted_is_a_difference_whatever_was_removed() -> None:
    assert of_all({"a": 4}, counted(5), removed=REMOVED).agrees is False


def test_a_part_of_the_time_agrees_but_for_batches_on_its_edges() -> None:
    both: Row = (COUNTED, True, True, "a", 2)

    verdicts = [of_time(n, counted(5), both).agrees for n in range(4, 11)]

    assert verdicts == [False, True, True, True, True, True, False]


def test_a_part_of_the_time_without_frames_is_only_recounted() -> None:
    found = of_time(None, counted(5))

    assert (found.agrees, found.recounted) == (None, 5)
    assert "not all kept" in text(found)


@pytest.mark.parametrize(("since_ms", "agrees"), [(30_000, True), (60_001, None)])
def test_a_part_of_the_time_is_judged_if_all_of_it_is_kept(
    since_ms: int, *, agrees: bool | None
) -> None:
    removed = msgspec.structs.replace(REMOVED, since_ms=since_ms)

    assert of_time(5, counted(5), removed=removed).agrees is agrees
