"""A ledger as a person reads it."""

import io

import msgspec
import pytest
from rich.console import Console, RenderableType

from clients.cli.ledger import balances
from clients.cli.ledger_view import room_view, rooms_view
from stream.auditor.ledger import Gap, RoomSummary
from tests.ledgers import MINUTE_MS, ledger, line, overview

replace = msgspec.structs.replace


def shown(view: RenderableType) -> str:
    console = Console(file=io.StringIO(), width=80)
    console.print(view)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def row(text: str, name: str) -> list[str]:
    """Return the numbers of a row."""
    first = next(one for one in text.splitlines() if one.strip().startswith(name))
    return first.split()[1:]


def test_each_number_has_a_row_for_the_sum_and_each_minute() -> None:
    text = shown(room_view(ledger()))

    assert row(text, "final") == ["sum", "01:59"]
    for name, number in {
        "posts": "12",
        "received": "110",
        "accepted": "104",
        "unknown": "2",
        "rejected": "4",
        "bad_emoji": "4",
        "refused": "1",
        "not_stored": "1",
        "stored": "107",
        "repeated": "6",
        "overdue": "0",
        "unreadable": "3",
        "late": "1",
        "counted": "97",
        "published": "90",
        "difference": "0",
    }.items():
        assert row(text, name) == [number, number]
    assert "Every reaction that was stored is counted once." in text
    assert "since the beginning; total 97" in text


@pytest.mark.parametrize(
    ("counted", "words"),
    [
        (96, "The books are wrong: too few reactions are counted, by 1."),
        (99, "The books are wrong: too many reactions are counted, by 2."),
    ],
)
def test_wrong_books_say_what_is_off(counted: int, words: str) -> None:
    wrong = ledger(counted=counted, is_wrong=True)

    assert words in shown(room_view(wrong))
    assert not balances(wrong)


@pytest.mark.parametrize(
    ("total_difference", "words"),
    [
        (3, "the total is 3 more than frames have counted."),
        (-1, "the total is 1 less than frames have counted."),
        (0, "not by the sum, but up to the newest settled minute."),
    ],
)
def test_books_may_be_wrong_though_the_sum_is_right(
    total_difference: int, words: str
) -> None:
    wrong = replace(ledger(is_wrong=True), total_difference=total_difference)

    assert words in shown(room_view(wrong))


def test_what_is_not_counted_yet_is_no_fault() -> None:
    young = replace(line(counted=90), is_settled=False)
    found = replace(ledger(counted=90), minutes=[young])
    text = shown(room_view(found))

    assert row(text, "final") == ["sum", "01:59…"]
    assert "not a minute old, and still being counted" in text
    assert "The books balance; a difference of 7 is no fault (yet)" in text
    assert balances(found)


def test_what_a_killed_worker_may_have_done_is_said() -> None:
    found = ledger()
    found = replace(found, sum=replace(found.sum, is_exact=False), workers_lost=2)
    text = shown(room_view(found))

    assert row(text, "accepted") == ["≥104", "104"]
    assert "2 of ingest's processes ended without a last word" in text


def test_a_label_that_one_minute_has_is_nought_in_the_others() -> None:
    found = ledger()
    other = replace(line(MINUTE_MS - 60_000), rejected={"bad_user_id": 1})
    text = shown(room_view(replace(found, minutes=[*found.minutes, other])))

    assert row(text, "bad_emoji") == ["4", "4", "0"]
    assert row(text, "bad_user_id") == ["0", "0", "1"]


def test_a_room_without_a_frame_and_books_that_began_late_say_so() -> None:
    text = shown(room_view(replace(ledger(), total=None, since_ms=MINUTE_MS)))

    assert "since 2026-11-21 01:59 UTC; no frame yet." in text


def summary(room: str, *, counted: int = 10) -> RoomSummary:
    return RoomSummary(
        room=room,
        stored=10,
        counted=counted,
        difference=10 - counted,
        is_wrong=counted != 10,
    )


def test_all_rooms_have_a_line_each() -> None:
    found = overview(summary("final"), summary("quiz"))
    text = shown(rooms_view(found))

    assert row(text, "final") == ["10", "10", "0"]
    assert row(text, "quiz") == ["10", "10", "0"]
    assert "the books of all rooms balance" in text
    assert balances(found)


def test_rooms_whose_books_are_wrong_are_counted() -> None:
    found = overview(summary("final", counted=9), summary("quiz"), worst="final")

    assert "the books of 1 room are wrong" in shown(rooms_view(found))
    assert not balances(found)


def test_what_nobody_can_tell_of_is_named() -> None:
    gap = Gap(topic="reactions", partition=1, first=5, next=8, seen_ms=MINUTE_MS)
    text = " ".join(shown(rooms_view(replace(overview(), gaps=[gap]))).split())

    assert "Nobody can tell of reactions/1, offsets 5 to 7" in text
