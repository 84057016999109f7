"""What a check sends, and what it takes for wrong."""

import json
from collections import Counter

import pytest
from msgspec.structs import replace

from clients.cli.verify import last_line, line
from clients.sender import Accepted, Outcome, Refused, Unknown
from clients.verify.finding import Finding, Verdict, well, wrong
from clients.verify.judge import ledger_problems, post_problem, totals_problem
from clients.verify.plan import Batch, Plan, Posted, totals_of
from stream.auditor.ledger import Line, RoomLedger
from tests.frames import hearts

PLAN = Plan.made()

SUM = Line(
    minute_ms=None,
    posts=10,
    received=1069,
    accepted=1062,
    rejected={"bad_emoji": 7},
    refused={"bad_json": 1, "nothing_acceptable": 1},
    stored=1062,
    repeated=534,
    counted=528,
    published=528,
)
LEDGER = RoomLedger(
    room=PLAN.room,
    as_of_ms=1,
    since_ms=0,
    total=528,
    total_before=0,
    is_wrong=False,
    workers_lost=0,
    sum=SUM,
    minutes=[SUM],
)


def problems(**columns: object) -> list[str]:
    changed = replace(LEDGER, sum=replace(SUM, **columns))
    return [*ledger_problems(PLAN, changed)]


def test_every_batch_has_an_emoji_and_a_key_of_its_own() -> None:
    assert len({batch.emoji for batch in PLAN.batches}) == len(PLAN.batches)
    assert len({batch.key for batch in PLAN.batches}) == len(PLAN.batches)
    assert totals_of(PLAN.batches) == {"❤️": 500, "😂": 20, "👏": 7, "🔥": 1}
    assert (PLAN.total, PLAN.repeated, PLAN.bad) == (528, 534, 7)


def test_each_check_has_a_room_of_its_own() -> None:
    assert Plan.made().room != PLAN.room


def test_what_is_new_comes_after_every_copy() -> None:
    assert PLAN.sent[-1] == PLAN.last
    assert Counter(batch.emoji for batch in PLAN.sent) == {
        "❤️": 2,
        "😂": 2,
        "👏": 3,
        "🔥": 1,
    }


def test_a_batch_holds_what_it_says() -> None:
    batch = Batch.made("👏", 2, bad=1)

    emoji = [tap["emoji_type"] for tap in json.loads(batch.body)]
    assert emoji == ["👏", "👏", "no emoji"]


@pytest.mark.parametrize(
    ("outcome", "problem"),
    [
        (Accepted(2, Counter(bad_emoji=1)), ""),
        (Accepted(2, Counter()), "2 of 2 👏 were accepted"),
        (
            Accepted(1, Counter(bad_emoji=2)),
            "1 of 2 👏 were accepted (2 bad_emoji left out)",
        ),
        (Refused("bad_json", "No."), "👏 refused: bad_json: No."),
        (Unknown(), "👏 has no certain answer"),
    ],
)
def test_a_batch_is_taken_whole_but_what_is_bad_in_it(
    outcome: Outcome, problem: str
) -> None:
    posted = Posted(Batch.made("👏", 2, bad=1), outcome, 0.1)

    assert post_problem(posted) == problem


def test_totals_must_be_of_each_emoji() -> None:
    frame = hearts(3)

    assert totals_problem({"❤️": 3}, frame) == ""
    assert totals_problem({"❤️": 2, "👏": 1}, frame) == (
        "total 3 instead of 3: ❤️ 3 instead of 2, 👏 0 instead of 1"
    )
    assert totals_problem({}, frame) == "total 3 instead of 0: ❤️ 3 instead of 0"
    assert totals_problem({"❤️": 3}, replace(frame, total=4)) == "total 4 instead of 3"
    assert totals_problem({"❤️": 3}, None) == "no frame"


def test_a_ledger_of_just_what_was_sent_is_right() -> None:
    assert problems() == []


def test_a_post_that_was_sent_again_for_want_of_an_answer_is_no_fault() -> None:
    more = {"refused": {**SUM.refused, "not_stored": 1}, "rejected": {"bad_emoji": 8}}

    assert problems(stored=1082, repeated=554, accepted=1082, **more) == []
    assert problems(stored=1082, repeated=554, unknown=20) == []


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"stored": 1061, "accepted": 1061}, "1061 stored, 534 of them repeated"),
        ({"stored": 1055, "accepted": 1055, "repeated": 527}, "527 repeated instead"),
        ({"unreadable": 1}, "unreadable 1 instead of 0"),
        ({"overdue": 1}, "overdue 1 instead of 0"),
        ({"late": 1}, "late 1 instead of 0"),
        ({"counted": 527}, "counted 527 instead of 528"),
        ({"difference": -1}, "difference -1 instead of 0"),
        ({"posts": 9}, "posts 9 instead of 10"),
        ({"received": 1068}, "received 1068 instead of 1069"),
        ({"accepted": 1061}, "1061 accepted, 1062 stored"),
        ({"accepted": 1063}, "1063 accepted, 1062 stored"),
        ({"refused": {"bad_json": 1}}, "no POST refused as nothing_acceptable"),
        ({"rejected": {}}, "0 reactions left out instead of 7"),
    ],
)
def test_every_column_is_looked_at(columns: dict[str, object], problem: str) -> None:
    [found] = problems(**columns)

    assert found.startswith(problem)


def test_the_total_of_the_ledger_is_looked_at() -> None:
    changed = replace(LEDGER, total=527)

    assert [*ledger_problems(PLAN, changed)] == ["total 527 instead of 528"]


def test_what_ingest_says_is_believed_as_far_as_it_knows() -> None:
    assert problems(is_exact=False, accepted=0, rejected={}, refused={}) == []


def verdict(*findings: Finding, is_complete: bool = True) -> Verdict:
    return Verdict(
        url="http://here",
        room="verify-1",
        seconds=3.4,
        is_complete=is_complete,
        findings=findings,
    )


def test_a_finding_is_a_line_with_its_times() -> None:
    assert line(well("total", "528 at each of 3 clusters", slowest=1020)) == (
        "ok    total     528 at each of 3 clusters, slowest 1,020 ms"
    )
    assert line(wrong("clusters", "none")) == "WRONG clusters  none"


def test_the_last_line_says_what_is_wrong_and_whether_all_was_looked_at() -> None:
    good, bad = well("server", "is ready"), wrong("total", "528 is 527")

    assert last_line(verdict(good)) == "All is well: http://here, in 3 s."
    assert last_line(verdict(good, bad)) == "NOT WELL: total."
    assert last_line(verdict(bad, is_complete=False)) == (
        "NOT WELL: total; what depends on it was not looked at."
    )
    assert not verdict(good, is_complete=False).is_well
