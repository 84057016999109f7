from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from stream.auditor.copies import Copy, Judge, Shares
from tests.auditing import MINUTE_MS, RULES, START_MS, at

JUDGE = Judge(RULES.dedupe_ms, RULES.minute_of)


def copies(*seconds: float, late: tuple[int, ...] = ()) -> list[Copy]:
    return [
        Copy(at(second), 0, offset, 5, is_late=offset in late)
        for offset, second in enumerate(seconds)
    ]


def shares(found: list[Copy]) -> dict[tuple[int, str], int]:
    """Columns by the number of the minute."""
    return {
        ((minute_ms - START_MS) // MINUTE_MS, column): number
        for (minute_ms, column), number in JUDGE.shares(found).items()
    }


def test_a_batch_that_came_once_is_in_no_column() -> None:
    assert shares(copies(10)) == {}


def test_a_second_copy_within_a_minute_is_a_repeat() -> None:
    assert shares(copies(10, 30, 40)) == {(0, "repeated"): 10}


def test_a_repeat_in_the_next_minute_may_be_counted_in_either() -> None:
    assert shares(copies(10, 70)) == {(1, "repeated"): 5, (0, "movable"): 5}


def test_three_copies_move_no_more_than_one() -> None:
    assert shares(copies(50, 65, 70)) == {(1, "repeated"): 10, (0, "movable"): 5}


def test_a_copy_that_comes_later_than_repeats_are_known_is_overdue() -> None:
    assert shares(copies(10, 70.001)) == {(1, "overdue"): 5}


def test_what_repeats_an_overdue_copy_is_a_repeat() -> None:
    assert shares(copies(10, 80, 100)) == {(1, "overdue"): 5, (1, "repeated"): 5}


def test_a_late_copy_is_late_and_what_follows_repeats_nothing() -> None:
    assert shares(copies(10, 30, late=(0,))) == {(0, "late"): 5}


moments = st.lists(st.integers(0, 400), min_size=1, max_size=7)


@given(moments, st.randoms(use_true_random=False))
def test_the_order_of_reading_changes_nothing(
    seconds: list[int], chance: object
) -> None:
    all_copies = copies(*seconds)
    shuffled = [*all_copies]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random
    added: Shares = Counter()
    for number, copy in enumerate(shuffled):
        added.update(JUDGE.change(shuffled[:number], copy))

    assert +added == +JUDGE.shares(all_copies)


def dropped(seconds: list[int], forgets_after_s: int) -> set[int]:
    """Say which copies a stream drops that knows a batch for so long, in order."""
    known_s: int | None = None
    repeats = set()
    for number, second in enumerate(sorted(seconds)):
        if known_s is not None and second - known_s <= forgets_after_s:
            repeats.add(number)
        else:
            known_s = second
    return repeats


@given(moments, st.integers(60, 500))
def test_what_a_stream_drops_is_repeated_or_overdue(
    seconds: list[int], forgets_after_s: int
) -> None:
    """Whatever a stream remembers beyond 60 s, the difference is what is overdue."""
    sums: Counter[str] = Counter()
    for (_, column), number in JUDGE.shares(copies(*seconds)).items():
        sums[column] += number
    counted = 5 * (len(seconds) - len(dropped(seconds, forgets_after_s)))

    difference = 5 * len(seconds) - sums["repeated"] - counted

    assert 0 <= difference <= sums["overdue"]


@given(moments, st.integers(0, 400), st.lists(st.integers(0, 400), max_size=3))
def test_what_is_left_out_decides_nothing_about_what_comes(
    seconds: list[int], before_s: int, later: list[int]
) -> None:
    known = copies(*seconds)
    pruned = JUDGE.pruned(known, at(before_s))

    for number, second in enumerate(later):
        new = Copy(at(max(second, before_s)), 1, number, 5)
        change, change_of_pruned = JUDGE.change(known, new), JUDGE.change(pruned, new)
        assert changed(change_of_pruned) == changed(change)
        known, pruned = [*known, new], [*pruned, new]


def changed(shares: Shares) -> dict[tuple[int, str], int]:
    return {cell: number for cell, number in shares.items() if number}


def test_of_a_batch_that_is_repeated_without_end_two_copies_decide() -> None:
    assert len(JUDGE.pruned(copies(*range(40)), at(100))) == 2
