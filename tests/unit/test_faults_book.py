from collections import Counter

import pytest

from tests.faults.book import Ledger

ROOMS = ("final", "other")


@pytest.fixture
def ledger() -> Ledger:
    """Three batches of two, that went out a second apart."""
    ledger = Ledger()
    for number, room in enumerate(["final", "final", "other"]):
        ledger.sent(f"key-{number}", room, Counter({"❤️": 2}), float(number))
    return ledger


def test_what_was_answered_202_is_accepted_and_all_else_unknown(ledger: Ledger) -> None:
    ledger.settled("key-0", "accepted", 5)
    ledger.settled("key-1", "unknown", 6)

    book = ledger.book(ROOMS)

    assert book.accepted == {"final": Counter({"❤️": 2}), "other": Counter()}
    assert book.unknown == {"final": Counter({"❤️": 2}), "other": Counter({"❤️": 2})}
    assert (book.reactions, book.doubtful) == (2, 4)
    assert ledger.on_their_way() == 1


@pytest.mark.parametrize("fate", ["not stored", "refused 422 bad_json"])
def test_what_is_certainly_not_stored_is_in_no_total(ledger: Ledger, fate: str) -> None:
    ledger.settled("key-0", fate, 5)

    assert ledger.book(ROOMS).unknown["final"] == {"❤️": 2}
    assert ledger.may_be_stored(9) == {"final": 2, "other": 2}


def test_a_refused_batch_and_a_wrong_answer_are_told(ledger: Ledger) -> None:
    ledger.settled("key-0", "refused 422 bad_json", 5)
    ledger.settled("key-1", "wrong answer None", 5)

    assert ledger.book(ROOMS).wrong == ("refused 422 bad_json", "wrong answer None")
    assert ledger.book(ROOMS).unknown["final"] == {"❤️": 2}


def test_a_total_above_all_that_went_out_until_then_has_something_newer(
    ledger: Ledger,
) -> None:
    assert ledger.may_be_stored(1.0) == {"final": 4}
    assert ledger.may_be_stored(0.5) == {"final": 2}


def test_a_cut_keeps_only_what_is_on_its_way(ledger: Ledger) -> None:
    ledger.settled("key-0", "accepted", 5)
    ledger.cut()
    ledger.settled("key-2", "accepted", 6)

    assert ledger.book(ROOMS).reactions == 2
    assert ledger.accepted_after(5.5) == 2
    assert ledger.accepted_after(6) == 0


def test_the_longest_silence_is_between_two_answers_or_at_an_edge(
    ledger: Ledger,
) -> None:
    ledger.settled("key-0", "accepted", 12)
    ledger.settled("key-1", "unknown", 14)
    ledger.settled("key-2", "accepted", 17)

    assert ledger.longest_silence_s(10, 20) == 5
    assert ledger.longest_silence_s(10, 30) == 13
    assert ledger.longest_silence_s(1, 20) == 11
