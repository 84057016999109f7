"""What storms and auto-scaling are said to have come to: also of who never came."""

import math
from dataclasses import replace as replaced

import pytest
from msgspec.structs import replace

from clients.crowd.book import Book, Sight
from clients.crowd.latency import Latency
from clients.crowd.member import UNDER_WAY_S, Member, owed
from clients.crowd.plan import Plan
from clients.crowd.report import Records, Report, report
from clients.crowd.seats import busiest_second
from tests.load import summary
from tests.load.crowd_run import Scaled, Storm
from tests.load.crowds.scaled import run_of, to_nobody
from tests.load.measured import CaseRun, Result
from tests.load.report import table
from tests.load.reporting.targets import targets
from tests.load.targets import verdicts
from tests.unit.test_load_crowds import ATTENDED, case, outcome, result, stormy

QUIET = replace(
    ATTENDED,
    missed=0,
    missed_by=0,
    not_newer=0,
    lost=0,
    frames=21,
    owed_from_s=100.0,
    owed_until_s=110.0,
)
EVERY_HALF_SECOND = [90 + number / 2 for number in range(100)]
"""Of these, 21 are from 100 to 110."""


def latency(n: int) -> Latency:
    return Latency(100, 200, 1000, 9000, n)


def stormed(run: CaseRun) -> Storm:
    assert run.storm
    return run.storm


def joined(of_all: int, clients: int = 1000) -> CaseRun:
    return stormy(clients=clients, joined=of_all, joins=latency(of_all))


def thrown_off(back: int, lost: int = 1000) -> CaseRun:
    gone = lost - back
    return stormy(lost=lost, newer=latency(back), not_newer=gone, reached_busiest=150)


@pytest.mark.parametrize(
    ("came", "p99_ms"), [(1000, 1000), (999, 9000), (990, 9000), (989, math.inf)]
)
def test_who_never_came_is_infinitely_late(came: int, p99_ms: float) -> None:
    assert stormed(joined(came)).joins_p99_ms == p99_ms
    assert stormed(thrown_off(came)).newer_p99_ms == p99_ms


def test_where_nobody_came_that_is_no_missing_figure() -> None:
    nobody = stormed(stormy(joined=0, joins=None, newer=None))

    assert (nobody.joins_p99_ms, nobody.newer_p99_ms) == (math.inf, math.inf)


def test_who_was_thrown_off_is_no_part_of_a_storm_of_joins() -> None:
    assert stormed(stormy(lost=0, newer=None)).newer_p99_ms is None


def test_a_p99_that_one_in_a_hundred_never_came_to_is_missed() -> None:
    found = result(
        case("join-storm", "join-storm", joined(2000, 2000), joined(1979, 2000)),
        case("reconnect-storm", "reconnect-storm", thrown_off(950)),
    )

    assert outcome(found, "POST → assignment") == (None, False)
    assert outcome(found, "a newer frame") == (None, False)
    judged = replaced(found, verdicts=tuple(verdicts(found)))
    read_back = Result.from_json(judged.to_json())
    row = next(line for line in targets(read_back).splitlines() if "a newer" in line)
    assert split(row)[-2:] == ["never", "**missed**"]


def test_connects_are_judged_by_those_that_brokers_took() -> None:
    run = stormy(connects_busiest=900, reached_busiest=190)
    found = result(case("reconnect-storm", "reconnect-storm", run))

    assert outcome(found, "connects that brokers took") == (190, True)


def test_a_result_from_before_does_not_say_what_brokers_took() -> None:
    old = stormy(reached_busiest=None)
    found = result(case("reconnect-storm", "reconnect-storm", old))

    assert outcome(found, "connects that brokers took") == (None, None)


def test_storms_tell_of_who_never_came_and_of_all_tries() -> None:
    run = stormy(
        clients=3000,
        joined=2950,
        joins=latency(2950),
        connects_busiest=907,
        lost=1000,
        newer=latency(900),
        not_newer=103,
        reached_busiest=193,
    )
    shown = cells(table(result(case("s", "reconnect-storm", run))))

    assert shown["never assigned"] == "50"
    assert shown["tries, busiest second"] == "907"
    assert shown["taken by brokers"] == "193"
    assert shown["not newer"] == "103"
    assert shown["p99 ms"] == "inf"
    said = summary.of_run(run)
    for words in ("2,950 of 3,000", "103 got nothing newer", "907 tries", "193 taken"):
        assert words in said
    assert said.count("p99 of all inf") == 2


def cells(text: str) -> dict[str, str]:
    """Return the one row of the first table that has one; of a name the first."""
    head, _, row = [line for line in text.splitlines() if line.startswith("|")][:3]
    named = [*zip(split(head), split(row), strict=True)]
    return dict(reversed(named))


def split(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_what_is_owed_begins_with_the_first_and_ends_with_the_last() -> None:
    first, last, never = Member(), Member(), Member()
    first.come(10.0)
    first.go(20.0)
    last.come(15.0)
    last.go(18.0)
    last.leave(50.0)
    never.leave(60.0)

    there = [first, last, never]
    assert owed(there, []) == (10.0, 50.0 - UNDER_WAY_S)
    assert owed(there, [9.5, 49.0]) == (9.5, 49.0)
    assert owed([never], []) == (0.0, 0.0)


def test_a_book_knows_when_what_came_was_made() -> None:
    book, one = Book(), Member()
    one.come(0.0)
    for seq in (1, 2, 3):
        sight = Sight(book.number(("e", seq, seq), seq / 2), total=seq, worker_s=0)
        book.take(one, "a", sight, seq / 2 + 0.1, retained=seq == 2)

    assert book.made_s == [0.5, 1.5]


def test_the_busiest_second_may_begin_at_any_time() -> None:
    assert busiest_second([0.0, 0.9, 1.2, 1.8, 1.85, 5.0]) == 4
    assert busiest_second([]) == 0


def test_frames_that_were_due_and_that_nobody_has_came_to_nobody() -> None:
    assert to_nobody(QUIET, EVERY_HALF_SECOND) == 0
    assert to_nobody(replace(QUIET, frames=19), EVERY_HALF_SECOND) == 2


def test_a_frame_says_in_whole_milliseconds_when_it_was_made() -> None:
    none = replace(QUIET, frames=0)

    assert to_nobody(none, [99.9999, 110.0004]) == 1
    assert to_nobody(replace(none, owed_from_s=99.9994), [99.9999]) == 0


def of(viewers: int, **changes: object) -> Report:
    plan = Plan(url="http://127.0.0.1:1", clients=0, viewers=viewers)
    attended = replace(QUIET, **({"members": viewers} | changes))
    return report(Records(plan=plan, seconds=2, attended=attended))


def run(*reports: Report, clusters: tuple[int, ...] = (2, 4, 2)) -> CaseRun:
    seen = tuple((9.0 * at, count) for at, count in enumerate(clusters))
    return run_of(2000, seen, EVERY_HALF_SECOND, reports)


def scaled(found: CaseRun) -> Scaled:
    assert found.scaled
    return found.scaled


def test_nobody_who_is_served_all_the_time_misses_anything() -> None:
    found = run(of(200), of(1800))

    assert scaled(found).missed_in_all == scaled(found).unserved == 0
    assert found.failures == ()
    assert (scaled(found).published, scaled(found).frames) == (100, 21)


@pytest.mark.parametrize(
    ("what", "figure"),
    [
        ({"missed": 3}, "missed"),
        ({"missed_away": 3}, "missed_away"),
        ({"frames": 18}, "to_nobody"),
    ],
)
def test_whatever_is_missed_counts(what: dict[str, object], figure: str) -> None:
    found = run(of(200), of(1800, **what))

    assert getattr(scaled(found), figure) == scaled(found).missed_in_all == 3
    assert len(found.failures) == 1
    judged = result(case("auto-scale", "auto-scale", found))
    assert outcome(judged, "auto-scaled: frames missed") == (3, False)


@pytest.mark.parametrize(
    ("what", "figure"),
    [
        ({"unserved": 2}, "not_back"),
        ({"put_out": 2}, "turned_away"),
        ({"put_out": 2, "members": 1798}, "turned_away"),
        ({"not_joined": 2}, "never_assigned"),
    ],
)
def test_whoever_is_not_served_counts(what: dict[str, object], figure: str) -> None:
    found = run(of(200), of(1800, **what))

    assert getattr(scaled(found), figure) == scaled(found).unserved == 2
    judged = result(case("auto-scale", "auto-scale", found))
    assert outcome(judged, "auto-scaled: never served") == (2, False)


def test_who_came_too_late_to_be_missed_by_the_crowd_was_not_assigned_either() -> None:
    found = run(of(200), of(1800, members=1790))

    assert scaled(found).never_assigned == 10


def test_a_scaler_that_never_scales_proves_nothing() -> None:
    found = run(of(200), of(1800), clusters=(2,))

    assert found.failures == ("there were never more than 2 clusters",)


def test_what_scaling_cost_is_shown_in_columns() -> None:
    found = run(
        of(200, moves=70, missed_away=4, reconnects=6, unserved=1, frames=19),
        of(1800, missed=5, not_joined=8, put_out=9),
    )
    shown = cells(table(result(case("auto-scale", "auto-scale", found))))

    assert shown["clusters, and since when"] == "2 (0 s) → 4 (9 s) → 2 (18 s)"
    assert (shown["frames published"], shown["came to nobody"]) == ("100", "2")
    assert (shown["missed there"], shown["missed away"]) == ("5", "4")
    assert (shown["moves"], shown["reconnects"]) == ("70", "6")
    assert (shown["never assigned"], shown["turned away"]) == ("8", "9")
    assert shown["not back"] == "1"
    said = summary.of_run(found)
    assert "missed 5 there, 4 away" in said
