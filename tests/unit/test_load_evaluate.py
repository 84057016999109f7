from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from clients.crowd.sending import Outcome, Sendings, Sent
from tests.load.attendance import Member
from tests.load.case_run import AUDIENCE, GENERATOR
from tests.load.evaluate import Records, evaluate
from tests.load.matching import Sighting
from tests.load.measured import Usage
from tests.load.schedule import Plan

START_S = 1_000.0
WARMUP_S = 2.0
SECONDS = 6.0
FIRST_ANSWERS: Mapping[Outcome, str] = {
    "accepted": "202",
    "refused": "422",
    "unknown": "none",
}


def sent(  # noqa: PLR0913 - all but the time have a usual value
    due_s: float,
    room: str = "hot",
    reactions: int = 100,
    *,
    delay_s: float = 0.0,
    held_s: float = 0.0,
    outcome: Outcome = "accepted",
) -> Sent:
    return Sent(
        room=room,
        reactions=reactions,
        due_s=due_s,
        ready_s=due_s + delay_s,
        sent_s=due_s + delay_s + held_s,
        answered_s=due_s + 0.1,
        first=FIRST_ANSWERS[outcome],
        outcome=outcome,
    )


def frame(after_s: float, total: int) -> Sighting:
    at_s = START_S + after_s
    return Sighting(
        position=("", total, 0),
        total=total,
        made_s=at_s - 0.2,
        bridged_s=at_s - 0.1,
        arrived_s=at_s,
    )


def records(
    sendings: Sequence[Sent],
    sightings: Mapping[str, Sequence[Sighting]],
    *usage: Usage,
) -> Records:
    plan = Plan("127.0.0.1", 80, ("hot", "one"), "canary", 100, 2, 1, SECONDS, 1)
    return Records(
        plan,
        WARMUP_S,
        Sendings(START_S, tuple(sendings), 3, went_first=True),
        {"hot": (), "one": (), "canary": (), **sightings},
        usage,
    )


def a_run() -> Records:
    """Two batches and a tap in each second; all are counted a second later."""
    seconds = range(int(SECONDS))
    sendings = [sent(second, room) for second in seconds for room in ("hot", "one")]
    taps = [sent(second + 0.5, "canary", 1) for second in seconds]
    return records(
        [*sendings, *taps],
        {
            "hot": [frame(second + 1, 100 * (second + 1)) for second in seconds],
            "one": [frame(second + 1, 100 * (second + 1)) for second in seconds],
            "canary": [frame(second + 1, second + 1) for second in seconds],
        },
    )


def test_only_what_was_due_after_the_warm_up_is_measured() -> None:
    run = evaluate(a_run())

    assert run.measured_s == 4
    assert run.answers == {"202": 12}
    assert run.offered_per_s == pytest.approx(201)
    assert run.accepted_per_s == pytest.approx(201)
    assert run.canary
    assert run.loaded
    assert (run.canary.n, run.loaded.n) == (4, 8)


def test_latency_is_from_the_scheduled_time_to_the_frame() -> None:
    run = evaluate(a_run())

    assert run.canary
    assert run.loaded
    assert run.canary.p50_ms == pytest.approx(500)
    assert run.loaded.p99_ms == pytest.approx(1000)


def test_a_run_in_which_all_is_right_has_no_complaint() -> None:
    run = evaluate(a_run())

    assert (run.invalid, run.failures) == ((), ())
    assert run.book
    assert (run.book.accepted, run.book.counted) == (1206, 1206)


def test_accepted_and_not_counted_is_a_failure_also_if_another_room_has_more() -> None:
    run = evaluate(
        records(
            [sent(3), sent(3, "one")],
            {"hot": [frame(4, 99)], "one": [frame(4, 101)]},
        )
    )

    assert run.book
    assert run.book.is_exact
    assert len(run.failures) == 2
    assert "room hot: accepted 100, counted 99" in run.failures


def test_what_is_unknown_may_be_counted_or_not_and_makes_no_latency() -> None:
    posts = [sent(3), sent(3.1, outcome="unknown"), sent(3.2), sent(3.3)]
    without = evaluate(records(posts, {"hot": [frame(4, 300)]}))
    counted = evaluate(records(posts, {"hot": [frame(4, 400)]}))

    assert without.failures == counted.failures == ()
    assert without.loaded is counted.loaded is None
    assert without.book
    assert without.book.unknown == 100


def test_what_was_refused_must_not_be_counted() -> None:
    refused = sent(3, outcome="refused")
    run = evaluate(records([sent(3), refused], {"hot": [frame(4, 200)]}))

    assert run.failures
    assert run.answers == {"202": 1, "422": 1}


@pytest.mark.parametrize(("late", "is_valid"), [(1, True), (2, False)])
def test_more_than_a_hundredth_sent_late_makes_a_run_invalid(
    late: int,
    is_valid: bool,  # noqa: FBT001 - a case of the test
) -> None:
    posts = [sent(3, delay_s=0.02 if index < late else 0) for index in range(100)]
    run = evaluate(records(posts, {"hot": [frame(4, 10_000)]}))

    assert run.late_share == late / 100
    assert (not run.invalid) is is_valid
    assert run.failures == ()  # the system had no part in it


def test_posts_that_were_held_back_are_more_than_the_machine_takes() -> None:
    posts = [sent(3, held_s=0.5 if index < 2 else 0) for index in range(100)]
    run = evaluate(records(posts, {"hot": [frame(4, 10_000)]}))

    assert not run.invalid
    assert run.late_share == 0
    assert "fell behind: 2.0% of the POSTs" in run.excess[0]
    assert not run.failures


def test_what_a_late_generator_sends_in_a_heap_is_not_too_much() -> None:
    posts = [
        sent(3, delay_s=0.02, held_s=0.5) if index < 2 else sent(3)
        for index in range(100)
    ]
    run = evaluate(records(posts, {"hot": [frame(4, 10_000)]}))

    assert run.invalid
    assert run.excess == ()


def test_late_sends_of_the_warm_up_do_not_matter() -> None:
    posts = [sent(1, delay_s=0.02), sent(3)]

    assert not evaluate(records(posts, {"hot": [frame(4, 200)]})).invalid


@pytest.mark.parametrize("name", [GENERATOR, AUDIENCE])
def test_who_measures_and_fills_its_core_makes_a_run_invalid(name: str) -> None:
    usage = Usage(name, 0.95, 1.0, 30, 30)
    run = evaluate(records([sent(3)], {"hot": [frame(4, 100)]}, usage))
    other = evaluate(
        records([sent(3)], {"hot": [frame(4, 100)]}, replace(usage, name="web"))
    )

    assert run.invalid
    assert not other.invalid


def member(room: str, cluster: str, *got: Sighting) -> Member:
    return Member(cluster, room, got)


def relayed(after_s: float, total: int) -> Sighting:
    at_s = START_S + after_s
    return Sighting(
        position=("", total, 0),
        total=total,
        made_s=at_s - 0.2,
        bridged_s=at_s - 0.1,
        worker_s=at_s - 0.02,
        arrived_s=at_s,
    )


def registered(*late_s: float) -> Records:
    """The same run, seen by the canary's clients of a cluster each, so much later."""
    members = [
        member(
            "canary",
            f"cluster-{number}",
            *[relayed(second + 1 + more_s, second + 1) for second in range(6)],
        )
        for number, more_s in enumerate(late_s)
    ]
    return replace(a_run(), members=tuple(members))


def test_taps_are_followed_to_every_registered_client_of_the_canary() -> None:
    run = evaluate(registered(0.1, 0.3))

    assert run.registered
    assert run.canary
    assert run.registered.n == 2 * run.canary.n
    assert run.registered.p50_ms == pytest.approx(700)
    assert run.registered.max_ms == pytest.approx(800)
    assert run.audience is None


def test_the_hops_of_a_registered_client_come_after_the_viewers() -> None:
    hops = evaluate(registered(0.1)).hops_ms

    assert list(hops)[-3:] == ["bridge → viewer", "bridge → worker", "worker → client"]
    assert hops["bridge → worker"] == pytest.approx(80)
    assert hops["worker → client"] == pytest.approx(20)


def test_without_a_registered_client_there_are_no_hops_to_it() -> None:
    assert list(evaluate(a_run()).hops_ms)[-1] == "bridge → viewer"


def test_the_loaded_rooms_clients_are_its_audience_and_not_the_canarys() -> None:
    frames = (relayed(1, 50), relayed(3, 100), relayed(4, 200))
    room = [member("hot", "one", *frames) for _ in range(5)]
    found = registered(0.1)
    run = evaluate(replace(found, members=(*found.members, *room)))

    assert run.audience
    assert run.registered
    assert (run.audience.members, run.audience.frames) == (5, 2)
    assert run.registered.n == 4
    assert run.failures == ()


def test_a_frame_that_only_some_clients_got_is_a_failure() -> None:
    room = (
        member("hot", "one", relayed(1, 100), relayed(4, 200)),
        member("hot", "two", relayed(4, 200)),
    )
    run = evaluate(replace(a_run(), members=room))

    assert run.audience
    assert run.audience.missed == 1
    assert run.failures == (
        "room hot: 1 registered clients missed 1 frames that others got",
    )


def test_a_process_that_ended_is_a_failure() -> None:
    run = evaluate(replace(a_run(), gone=("bridge",)))

    assert run.failures == ("bridge ended",)
