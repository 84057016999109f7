import json
from collections.abc import Sequence
from dataclasses import replace

import msgspec
import pytest

from tests.load.measured import (
    Audience,
    Book,
    CaseResult,
    CaseRun,
    Latency,
    Machine,
    ReferenceResult,
    ReferenceRun,
    Result,
    Start,
    Usage,
    Verdict,
)
from tests.load.targets import TARGETS, verdicts

FRAME = Latency(600, 900, 1100, 1300, 250)


def run(**changes: object) -> CaseRun:
    chosen: dict[str, object] = {
        "measured_s": 20,
        "usage": (
            Usage("stream", 0.9, 1.2, 700, 800, 750),
            Usage("web", 0.4, 0.5, 100, 120),
            Usage("generator", 0.1, 0.2, 30, 31),
            Usage("audience", 0.1, 0.2, 40, 41),
        ),
        "accepted_per_s": 20_000,
        "answers": {"202": 200},
        "book": Book(accepted=500, refused=0, unknown=0, counted=500),
        "canary": FRAME,
        "hops_ms": {"tap → answered": 5.0},
    }
    return CaseRun(**(chosen | changes))  # type: ignore[arg-type]  # names are checked


def case(name: str, *repeats: CaseRun) -> CaseResult:
    return CaseResult(name, name, "load", 20_000, 100, {}, "", 5, repeats)


def result(*cases: CaseResult, in_turn: Sequence[float] = ()) -> Result:
    machine = Machine(2, "a CPU", 24_000, "6.1", {}, "abc", 0.1, is_busy=False)
    repeats = tuple(
        ReferenceRun("empty-flask-route", "POST", 2000, 1, 2000, {"ratio": ratio})
        for ratio in in_turn
    )
    reference = ReferenceResult("empty-flask-route", "An empty one", "POST", repeats)
    return Result("2026-11-20T18:00:00+00:00", machine, cases, (reference,))


def verdict(found: Result, words: str) -> Verdict:
    (chosen,) = [one for one in verdicts(found) if words in one.target]
    return chosen


def test_a_result_reads_back_as_it_was_written() -> None:
    started = run(start=Start(20.5, 1.5), book=None, invalid=("late",))
    whole = result(case("20k-by-100", run()), case("start-up", started), in_turn=(0.7,))

    assert Result.from_json(whole.to_json()) == whole


def test_another_form_of_result_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        Result.from_json(b'{"taken_at": 5}')


def test_a_figure_is_quoted_as_median_and_range() -> None:
    repeats = [run(accepted_per_s=rate) for rate in (30.0, 10.0, 20.0, None)]
    spread = case("singles", *repeats).spread(lambda one: one.accepted_per_s)

    assert spread
    assert (spread.median, spread.low, spread.high) == (20, 10, 30)
    assert case("idle").spread(lambda one: one.accepted_per_s) is None


def test_what_measures_is_not_the_systems() -> None:
    assert run().system_cpu_cores == pytest.approx(1.3)
    assert run().system_rss_mib == 920


@pytest.mark.parametrize(
    ("counted", "is_exact"), [(99, False), (100, True), (105, True), (106, False)]
)
def test_a_book_is_exact_between_accepted_and_accepted_with_unknown(
    counted: int,
    is_exact: bool,  # noqa: FBT001 - a case of the test
) -> None:
    assert Book(100, 50, 5, counted).is_exact is is_exact


def test_what_was_not_measured_has_no_verdict() -> None:
    found = list(verdicts(result()))

    assert len(found) == len(TARGETS)
    assert {one.is_met for one in found} == {None}


def test_a_median_within_its_bound_is_met_and_by_how_much_is_said() -> None:
    slow = run(canary=Latency(1, 1, 9000, 1, 9))
    found = verdict(result(case("20k-by-100", run(), slow, run())), "20,000/s")

    assert (found.measured, found.is_met) == (1100, True)
    assert found.margin == pytest.approx(100 / 1200)


def test_a_median_beyond_its_bound_is_missed_and_by_how_much_is_said() -> None:
    slow = run(canary=Latency(1, 1, 2500, 1, 9))
    found = verdict(result(case("200k-by-500", slow, slow, run())), "500: tap")

    assert (found.measured, found.is_met) == (2500, False)
    assert found.margin == pytest.approx(-0.25)


def test_one_rejection_in_one_repeat_at_the_peak_misses_its_target() -> None:
    rejecting = run(answers={"202": 199, "503": 1})

    elsewhere = result(case("20k-by-100", rejecting), case("200k-by-500", run()))
    assert verdict(elsewhere, "not 202").is_met
    at_peak = result(case("200k-by-500", run(), rejecting, run()))
    assert verdict(at_peak, "not 202").measured == 1


@pytest.mark.parametrize("counted", [497, 503])
def test_three_reactions_lost_or_counted_twice_in_any_case_miss_theirs(
    counted: int,
) -> None:
    wrong = run(book=Book(500, 0, 0, counted))
    found = verdict(result(case("singles", run(), wrong)), "not counted")

    assert (found.measured, found.is_met) == (3, False)


def test_a_run_that_calls_itself_invalid_is_no_part_of_a_verdict() -> None:
    slow = run(canary=Latency(1, 1, 9000, 1, 9), invalid=("late sends",))
    found = verdict(result(case("20k-by-100", slow, run(), slow)), "20,000/s")

    assert (found.measured, found.is_met, found.unproved) == (1100, True, ())


def test_the_worst_run_that_calls_itself_invalid_is_not_the_worst() -> None:
    rejecting = run(answers={"202": 1, "503": 9}, invalid=("late sends",))
    found = verdict(result(case("200k-by-500", rejecting, run())), "not 202")

    assert (found.measured, found.is_met) == (0, True)


@pytest.mark.parametrize(
    "useless", [{"invalid": ("late sends",)}, {"canary": None, "failures": ("died",)}]
)
def test_a_case_without_a_run_to_judge_by_is_not_judged(
    useless: dict[str, object],
) -> None:
    whole = result(case("20k-by-100", run(**useless), run(**useless)))
    found = verdict(whole, "20,000/s")

    assert (found.measured, found.is_met) == (None, None)
    assert found.unproved == ("20k-by-100",)
    assert not whole.is_sound
    assert verdict(whole, "200,000/s by 500: tap").unproved == ()


def test_what_holds_in_every_case_holds_in_none_that_was_not_judged() -> None:
    invalid = case("singles", run(invalid=("late sends",)))
    wrong = case("20k-by-100", run(book=Book(500, 0, 0, 499)))

    found = verdict(result(case("idle", run()), invalid), "not counted")
    assert (found.measured, found.is_met) == (0, None)
    assert found.unproved == ("singles",)
    assert verdict(result(wrong, invalid), "not counted").is_met is False


def test_a_figure_that_a_case_never_has_is_not_asked_of_it() -> None:
    invalid = case("start-up", run(book=None, invalid=("late",)))

    assert verdict(result(case("idle", run()), invalid), "not counted").is_met


def test_single_posts_are_judged_by_the_empty_route_in_turn_with_them() -> None:
    assert verdict(result(in_turn=(0.6, 0.7, 0.66)), "Single").is_met
    assert not verdict(result(in_turn=(0.6, 0.7, 0.64)), "Single").is_met
    assert verdict(result(), "Single").is_met is None


def test_the_greatest_memory_of_all_cases_is_what_counts() -> None:
    heavy = run(usage=(Usage("stream", 1, 1, 2000, 3000),))
    found = verdict(
        result(case("20k-by-100", run()), case("x", run(), heavy)), "system's memory"
    )

    assert (found.measured, found.is_met) == (3000, False)


def audience(spread_ms: float, relay_ms: float) -> Audience:
    return Audience(
        *(1000, 3, 40, 0),
        relay=replace(FRAME, p99_ms=relay_ms),
        spread=replace(FRAME, p99_ms=spread_ms),
    )


def test_an_audience_is_judged_by_its_own_case() -> None:
    met = run(audience=audience(50, 20))
    slow = run(audience=audience(51, 21))

    found = result(case("audience", met, met, slow))
    assert verdict(found, "last relay").is_met
    assert verdict(found, "worker → client").is_met
    missed = result(case("audience", met, slow, slow))
    assert verdict(missed, "last relay").measured == 51
    assert verdict(missed, "worker → client").measured == 21
    assert verdict(result(case("20k-by-100", slow)), "last relay").is_met is None


def test_of_the_workers_the_greatest_is_judged() -> None:
    workers = (
        Usage("cluster-1-worker-1", 0.004, 0.01, 30, 40),
        Usage("cluster-2-worker-1", 0.011, 0.01, 30, 35),
        Usage("cluster-2", 0.5, 0.5, 90, 90),
    )
    found = result(case("idle", run(usage=workers)))

    assert verdict(found, "A worker's memory").measured == 40
    assert verdict(found, "busiest worker").measured == 0.011
    assert verdict(result(case("idle", run())), "busiest worker").is_met is None


def test_a_result_from_before_there_were_clients_is_still_read() -> None:
    whole = result(case("20k-by-100", run()))
    raw = json.loads(replace(whole, verdicts=tuple(verdicts(whole))).to_json())
    for one in raw["verdicts"]:
        del one["unproved"]
    del raw["cases"][0]["members"]
    for name in ("registered", "audience"):
        del raw["cases"][0]["repeats"][0][name]

    assert Result.from_json(json.dumps(raw).encode()).case("20k-by-100")
