from collections.abc import Mapping

import msgspec
import pytest
from msgspec.structs import replace

from clients.cli.crowd import lines
from clients.crowd.latency import Latency
from clients.crowd.plan import Plan
from clients.crowd.report import INVALID, NOT_WELL, WELL, Records, Report, report
from clients.crowd.sending import Outcome, Sendings, Sent
from clients.crowd.wire import Attended, Taps
from clients.crowd.witnessed import Witnessed

PLAN = Plan(url="http://127.0.0.1:8080", clients=2, rate=50)
START_S = 1_000.0
SPREAD = Latency(1, 2, 3, 4, 100)

ATTENDED = Attended(
    members=2,
    not_joined=0,
    put_out=0,
    frames=10,
    deliveries=20,
    missed=0,
    missed_by=0,
    missed_away=0,
    total=100,
    moves=0,
    reconnects=0,
    joins=SPREAD,
    relay=SPREAD,
    spread=SPREAD,
    arrivals=SPREAD,
    everywhere=SPREAD,
    taps=[Taps([50, 100], [START_S + 1, START_S + 2])] * 2,
)


def sent(
    due_s: float,
    outcome: Outcome = "accepted",
    *,
    late_s: float = 0.0,
    held_s: float = 0.0,
    tries: int = 1,
) -> Sent:
    return Sent(
        room="main",
        reactions=50,
        due_s=due_s,
        ready_s=due_s + late_s,
        sent_s=due_s + late_s + held_s,
        answered_s=due_s + 0.1,
        first="202",
        outcome=outcome,
        tries=tries,
        who=0,
    )


def judged(
    *batches: Sent,
    cpu_share: float = 0.1,
    attended: Mapping[str, object] | None = None,
    witnessed: Witnessed | None = None,
) -> Report:
    found = replace(ATTENDED, **(attended or {}))
    book = Sendings(START_S, batches, 3, went_first=True, cpu_share=cpu_share)
    return report(
        Records(
            plan=PLAN,
            seconds=2,
            attended=found,
            sendings=book,
            witnessed=witnessed,
        )
    )


GOOD = (sent(0.0), sent(1.0))


def test_a_run_in_which_all_is_right_is_well() -> None:
    found = judged(*GOOD)

    assert (found.verdict, found.exit_code) == ("well", WELL)
    assert found.reactions
    assert found.reactions.is_exact
    assert (found.reactions.accepted, found.reactions.counted) == (100, 100)
    assert found.tap
    assert found.tap.n == 2
    assert found.tap.max_ms == pytest.approx(1000)
    assert [*lines(found)][-1] == "All is well."


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"total": 99}, "1 reactions were accepted and are not counted"),
        ({"total": 101}, "1 reactions more are counted than were sent"),
        ({"missed": 7, "missed_by": 3}, "3 clients missed 7 frames"),
        ({"not_joined": 2, "problem": "full"}, "2 clients were never assigned: full"),
        ({"put_out": 1, "problem": "evicted"}, "1 clients were turned away: evicted"),
        ({"unserved": 3}, "3 clients were not served in the end"),
        ({"not_newer": 5}, "5 clients got nothing newer"),
    ],
)
def test_what_was_lost_or_missed_is_not_well(
    changes: dict[str, object], words: str
) -> None:
    found = judged(*GOOD, attended=changes)

    assert (found.verdict, found.exit_code) == ("not well", NOT_WELL)
    assert words in found.failures[0]
    assert len(found.failures) == 1
    assert f"NOT WELL: {found.failures[0]}" in lines(found)


@pytest.mark.parametrize(
    ("outcome", "words"), [("refused", "were refused"), ("unknown", "no certain")]
)
def test_what_was_not_accepted_is_not_well(outcome: Outcome, words: str) -> None:
    found = judged(*GOOD, sent(1.5, outcome))

    assert found.exit_code == NOT_WELL
    assert words in found.failures[0]
    assert len(found.failures) == 1


@pytest.mark.parametrize(
    ("total", "is_exact"), [(100, True), (150, True), (151, False)]
)
def test_what_is_unknown_may_be_counted_or_not(
    total: int,
    is_exact: bool,  # noqa: FBT001 - a case of the test
) -> None:
    found = judged(*GOOD, sent(1.5, "unknown"), attended={"total": total})

    assert found.reactions
    assert found.reactions.is_exact is is_exact
    assert (found.tap is not None) is is_exact
    assert len(found.failures) == (1 if is_exact else 2)


@pytest.mark.parametrize(("late", "code"), [(1, WELL), (2, INVALID)])
def test_more_than_a_hundredth_sent_late_is_invalid(late: int, code: int) -> None:
    batches = [sent(0.01 * index, late_s=0.02 * (index < late)) for index in range(100)]
    found = judged(*batches, attended={"total": 5_000})

    assert found.exit_code == code
    assert found.sender
    assert found.sender.late_share == late / 100
    assert any("INVALID: 2.0% of the POSTs" in line for line in lines(found)) is (
        code == INVALID
    )


@pytest.mark.parametrize(("held", "code"), [(0, WELL), (1, WELL), (2, NOT_WELL)])
def test_more_than_a_hundredth_held_back_for_a_connection_is_a_fault_of_the_system(
    held: int, code: int
) -> None:
    batches = [sent(0.01 * index, held_s=0.02 * (index < held)) for index in range(100)]
    found = judged(*batches, attended={"total": 5_000})
    said = "\n".join(lines(found))

    assert found.exit_code == code
    assert (f"; {held}.00% waited for one of 3 connections" in said) is (held > 0)
    assert ("fell behind: 2.0% of the POSTs waited for one of 3" in said) is (held > 1)


def test_what_a_late_sender_sends_in_a_heap_is_only_called_late() -> None:
    found = judged(sent(0.0, late_s=1.0, held_s=1.0), sent(1.0))

    assert len(found.invalid) == 1
    assert not found.failures
    assert "10 ms late" in found.invalid[0]


@pytest.mark.parametrize(
    ("arrived_s", "said"),
    [
        (2.9, "All is well."),
        (3.1, "Nothing was lost; but p99 was 2.1 s (over 2 s)."),
    ],
)
def test_what_everybody_saw_too_late_is_not_all_well(
    arrived_s: float, said: str
) -> None:
    seen = Taps([50, 100], [START_S + arrived_s - 1, START_S + arrived_s])
    found = judged(*GOOD, attended={"taps": [seen, seen]})

    assert (found.verdict, found.exit_code) == ("well", WELL)
    assert [*lines(found)][-1] == said


def test_what_nobody_timed_is_not_all_well() -> None:
    found = judged(sent(0.0), attended={"total": 50})

    assert found.exit_code == WELL
    assert [*lines(found)][-1] == (
        "Nothing was lost; but how soon it was seen is not known."
    )


def test_who_measures_and_fills_its_core_makes_a_run_invalid() -> None:
    attended = replace(ATTENDED, cpu_share=0.95)
    seats = report(Records(plan=PLAN, seconds=2, attended=attended))

    assert "sender was busy" in judged(*GOOD, cpu_share=0.95).invalid[0]
    assert "seats were busy" in seats.invalid[0]


def test_a_loss_is_a_loss_also_in_an_invalid_run() -> None:
    missed = {"missed": 1, "missed_by": 1}
    found = judged(sent(0.0, late_s=1.0), sent(1.0), attended=missed)

    assert (found.exit_code, bool(found.invalid)) == (NOT_WELL, True)


def test_what_its_own_client_did_not_see_is_said() -> None:
    seen = Taps([50], [START_S + 1])
    found = judged(*GOOD, attended={"taps": [seen, seen]})

    assert (found.unseen, found.untold) == (1, 0)
    said = [*lines(found)]
    assert any("own client" in one and "; 1 batches were never" in one for one in said)
    assert said[-1] == (
        "Nothing was lost; but 1 batches were never seen by their own client."
    )


def test_what_came_after_an_unknown_batch_is_said() -> None:
    found = judged(*GOOD, sent(-1.0, "unknown"))

    assert found.untold == 2
    assert any("2 came after one without an answer" in one for one in lines(found))


def test_that_no_tap_is_measured_has_a_reason() -> None:
    found = judged(*GOOD, attended={"total": 1})

    assert any("not measured: the total does not hold" in one for one in lines(found))


def test_what_was_missed_is_said_of_deliveries_and_not_of_frames() -> None:
    found = judged(*GOOD, attended={"missed": 30, "missed_by": 3, "deliveries": 70})

    assert any(
        "missed 30 of 100 deliveries of 10 frames" in one for one in lines(found)
    )


def test_a_batch_that_was_sent_again_is_repeated() -> None:
    found = judged(sent(0.0, tries=3), sent(1.0))

    assert found.reactions
    assert (found.reactions.repeated, found.reactions.batches) == (1, 2)


def test_what_the_ledger_has_is_said() -> None:
    found = judged(*GOOD, witnessed=Witnessed(stored=150, repeated=50, counted=100))

    said = [*lines(found)]
    assert "ledger stored 150, repeated 50, counted 100: difference 0" in said
    assert said[-1] == "All is well."


def test_a_ledger_that_says_otherwise_is_not_well() -> None:
    seen = Witnessed(stored=100, counted=99, difference=1)
    found = judged(*GOOD, witnessed=seen)

    assert found.exit_code == NOT_WELL
    [failure] = found.failures
    assert failure.startswith(
        "the ledger says otherwise: 100 reactions stored once, 99"
    )


def test_a_ledger_that_could_not_be_read_is_not_all_well() -> None:
    found = judged(*GOOD, witnessed=Witnessed(problem="The auditor is away."))

    said = [*lines(found)]
    assert found.exit_code == WELL
    assert "ledger not read: The auditor is away." in said
    assert said[-1] == "Nothing was lost; but the ledger could not be read."


def test_where_nothing_is_sent_there_is_no_word_of_reactions() -> None:
    found = report(Records(plan=PLAN, seconds=2, attended=ATTENDED))

    assert (found.reactions, found.tap, found.exit_code) == (None, None, WELL)
    assert not any("accepted" in line for line in lines(found))


def test_a_report_is_one_document_that_reads_back() -> None:
    found = judged(*GOOD)

    assert msgspec.json.decode(msgspec.json.encode(found), type=Report) == found
    assert found.attended.taps == []
