"""What the cases with many clients say, and what is made of it."""

from dataclasses import replace
from functools import partial

from clients.crowd.plan import Plan
from clients.crowd.report import Records, report
from clients.crowd.sending import Sendings, Sent
from clients.crowd.wire import Attended, Taps
from tests.load import summary
from tests.load.cases import Case
from tests.load.crowd_run import Fanned, FanOut, Scaled, Storm
from tests.load.crowds.kinds import crowd_run, in_order, storm
from tests.load.measured import (
    Audience,
    Book,
    CaseResult,
    CaseRun,
    Kind,
    Latency,
    Machine,
    Result,
    Usage,
)
from tests.load.report import document, table
from tests.load.targets import verdicts

SOON = Latency(100, 200, 250, 280, 40)
SLOW = Latency(1000, 2000, 2500, 2800, 40)
MACHINE = Machine(2, "a CPU", 24_000, "6.1", {}, "abc", 0.1, is_busy=False)


def fanned(per_s: float, *, apart: Latency = SOON, missed: int = 0) -> Fanned:
    return Fanned(
        deliveries_per_s=per_s,
        missed=missed,
        reach=SOON,
        apart=apart,
        broker_cores=0.5,
        connection_kib=None,
        viewers_share=0.25,
    )


def fan_out(ours: float, bare: float | None, apart: Latency = SOON) -> CaseRun:
    found = FanOut(
        viewers=9000,
        frames=30,
        frame_bytes=838,
        ours=fanned(ours, apart=apart),
        bare=replace(fanned(bare), broker_cores=0.25) if bare else None,
        relayed=SOON,
        worker_cores=0.1,
    )
    return CaseRun(measured_s=15, fan_out=found)


def invalid_of(run: CaseRun) -> CaseRun:
    return replace(run, invalid=("the viewers were busy",))


def stormy(**changes: object) -> CaseRun:
    chosen: dict[str, object] = {
        "clients": 3000,
        "joined": 3000,
        "put_off": 2,
        "joins": replace(SOON, n=3000),
        "connects_busiest": 180,
        "lost": 1000,
        "newer": replace(SLOW, n=1000),
        "reached_busiest": 170,
    }
    return CaseRun(measured_s=30, storm=Storm(**(chosen | changes)))  # type: ignore[arg-type]  # names are checked


REACTED = CaseRun(
    measured_s=60,
    usage=(Usage("generator", 0.25, 0.3, 1, 1), Usage("audience", 0.125, 0.2, 1, 1)),
    book=Book(12_000_000, 0, 0, 12_000_000),
    registered=SLOW,
    late_share=0.004,
    audience=Audience(members=200, clusters=3, frames=31, missed=7),
)


def case(name: str, kind: Kind, *repeats: CaseRun) -> CaseResult:
    return CaseResult(name, f"Title of {name}", kind, None, None, {}, "", 0, repeats)


def result(*cases: CaseResult) -> Result:
    return Result("2026-11-20T18:00:00+00:00", MACHINE, cases)


def outcome(found: Result, words: str) -> tuple[float | None, bool | None]:
    (chosen,) = [one for one in verdicts(found) if words in one.target]
    return chosen.measured, chosen.is_met


def test_a_crowd_is_judged_by_when_its_clients_see_their_own() -> None:
    found = result(case("crowd", "crowd", REACTED))

    assert outcome(found, "their own frame, p99") == (2500, False)
    assert outcome(found, "accepted but not counted") == (0, True)


def test_the_worst_size_is_what_the_share_of_a_bare_brokers_is() -> None:
    found = result(
        case("fan-out-1000", "fan-out", fan_out(2000, 2000)),
        case("fan-out-9000", "fan-out", fan_out(14_400, 18_000)),
    )

    assert outcome(found, "of a bare broker's") == (0.8, False)


def test_viewers_are_apart_by_the_longest_that_any_frame_took() -> None:
    found = result(case("fan-out-9000", "fan-out", fan_out(18_000, 18_000)))

    assert outcome(found, "first to last arrival, the most") == (280, True)


def test_the_longest_is_that_of_the_worst_repeat() -> None:
    well, badly = fan_out(18_000, 18_000), fan_out(18_000, 18_000, SLOW)
    found = result(case("fan-out-9000", "fan-out", well, badly, well))

    assert outcome(found, "first to last arrival, the most") == (2800, False)


def test_a_share_is_met_at_every_size_or_not_at_all() -> None:
    met, invalid = fan_out(2000, 2000), invalid_of(fan_out(18_000, 18_000))
    missed = fan_out(3000, 6000)
    small = case("fan-out-1000", "fan-out", met)
    great = case("fan-out-9000", "fan-out", invalid)

    assert outcome(result(small), "of a bare broker's") == (1, True)
    assert outcome(result(small, great), "of a bare broker's") == (1, None)
    middle = case("fan-out-3000", "fan-out", missed)
    assert outcome(result(small, middle, great), "of a bare broker's") == (0.5, False)


def test_of_two_sides_either_goes_first_and_each_stays_what_it_is() -> None:
    order = list[str]()

    def side(name: str) -> str:
        order.append(name)
        return name

    one, other = partial(side, "ours"), partial(side, "bare")

    assert in_order(one, other, last_first=False) == ("ours", "bare")
    assert in_order(one, other, last_first=True) == ("ours", "bare")
    assert order == ["ours", "bare", "bare", "ours"]


def test_storms_are_judged_by_their_own_targets() -> None:
    found = result(
        case("join-storm", "join-storm", stormy(joined=2999, connects_busiest=999)),
        case("reconnect-storm", "reconnect-storm", stormy(), stormy(not_newer=1)),
    )

    assert outcome(found, "never assigned") == (1, False)
    assert outcome(found, "POST → assignment") == (0.25, True)
    assert outcome(found, "connects that brokers took") == (170, True)
    assert outcome(found, "a newer frame") == (2.5, True)
    assert outcome(found, "not served in the end") == (1, False)


def test_scaling_is_judged_by_what_anybody_missed() -> None:
    scaled = Scaled(
        clients=2000, clusters=((0, 2), (9, 4), (90, 2)), frames=9, missed=3
    )
    found = result(case("auto-scale", "auto-scale", CaseRun(9, scaled=scaled)))

    assert outcome(found, "auto-scaled: frames missed") == (3, False)
    assert (scaled.most, scaled.last) == (4, 2)
    assert "2 (0 s) → 4 (9 s) → 2 (90 s)" in table(found)


def row_of(title: str, column: str, text: str) -> str:
    """Return the one row with this title of a table that has this column."""
    tables = [part for part in text.split("\n\n") if column in part.split("\n", 1)[0]]
    (row,) = [one for part in tables for one in part.splitlines() if title in one]
    return row


def test_each_kind_has_its_table_in_the_report_and_in_the_terminal() -> None:
    found = result(
        case("crowd", "crowd", REACTED),
        case("fan-out-9000", "fan-out", fan_out(17_000, 18_000)),
        case("join-storm", "join-storm", stormy()),
    )
    text = document(found, previous=None, notes="", plot="")

    for heading in ("A crowd that reacts", "Fan-out, beside a bare", "Storms"):
        assert f"## {heading}" in text
    assert "**Fan-out** is frames of real size" in text
    assert "is near 1 wherever nobody misses anything" in text
    shown = table(found)
    for row in ("Title of crowd", "of fan-out-9000: ours", "of fan-out-9000: bare"):
        assert row in shown
    assert "17,000" in shown
    assert " 90,000 |" in row_of("of fan-out-9000: ours", "goes out", shown)
    beside = row_of("of fan-out-9000 ", "the same for a core-second", shown)
    assert "| 0.944 | 0.472 | 1 |" in " ".join(beside.split())
    assert "12,000,000" in shown


def test_without_such_cases_the_report_has_no_place_for_them() -> None:
    text = document(result(), previous=None, notes="", plot="")

    assert "Fan-out" not in text
    assert "Storms" not in text


def test_what_came_of_many_clients_is_said_while_the_bench_runs() -> None:
    assert "ours: 17,000/s" in summary.of_run(fan_out(17_000, 18_000))
    assert "bare: 18,000/s" in summary.of_run(fan_out(17_000, 18_000))
    assert "1,000 lost theirs" in summary.of_run(stormy())


ATTENDED = Attended(
    members=200,
    not_joined=0,
    put_out=0,
    frames=31,
    deliveries=6200,
    missed=4,
    missed_by=2,
    missed_away=0,
    total=1500,
    moves=0,
    reconnects=0,
    joins=SOON,
    relay=None,
    spread=None,
    arrivals=None,
    everywhere=None,
    put_off=5,
    lost=70,
    newer=SLOW,
    newer_lost=SOON,
    not_newer=3,
    connects_busiest=150,
    reached_busiest=140,
    taps=[Taps([1000, 1500], [0.7, 0.9])],
)


def test_a_crowd_is_booked_as_every_load_is() -> None:
    sent = Sent("r", 500, 0.0, 0.0, 0.0, 0.5, "202", "accepted", who=0)
    sendings = Sendings(started_s=0, lines=1, went_first=True, sent=(sent, sent))
    plan = Plan(url="http://127.0.0.1:1")
    said = report(
        Records(plan=plan, seconds=2, attended=ATTENDED, before=500, sendings=sendings)
    )

    found = crowd_run(said, (), ("web",))

    assert found.book == Book(accepted=1000, refused=0, unknown=0, counted=1000)
    assert (found.offered_per_s, found.accepted_per_s) == (500, 500)
    assert found.audience
    assert (found.audience.members, found.audience.missed) == (200, 4)
    assert found.failures == (*said.failures, "web ended")
    assert len(said.failures) == 2


def test_a_storm_is_about_those_who_were_thrown_off() -> None:
    plan = Plan(url="http://127.0.0.1:1", clients=0, viewers=200)
    said = report(Records(plan=plan, seconds=2, attended=ATTENDED))

    found = storm(Case("s", "s", "reconnect-storm", members=200), said)

    assert found == Storm(
        clients=200,
        joined=40,
        put_off=5,
        joins=SOON,
        connects_busiest=150,
        lost=70,
        newer=SOON,
        not_newer=3,
        reached_busiest=140,
    )
