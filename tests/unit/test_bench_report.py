from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.load.child import ROOT
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
from tests.load.report import NOTES, PLOT, REPORT, RESULT, document, table, write
from tests.load.reporting.changes import changes
from tests.load.reporting.plot import latency_by_rate
from tests.load.reporting.references import references
from tests.load.reporting.targets import (
    NoPlaceForFigures,
    outcome,
    readme_block,
    with_figures,
)
from tests.load.reporting.text import number, percent

README = ROOT / "README.md"

MACHINE = Machine(
    cpus=2,
    model="Some CPU",
    memory_mib=24_576,
    kernel="6.1",
    versions={"Python": "3.11.2", "Spark": "4.2.0"},
    commit="abc1234",
    load_before=0.05,
    is_busy=False,
)


def latency(p99_ms: float) -> Latency:
    return Latency(p99_ms / 2, p99_ms * 0.9, p99_ms, p99_ms * 1.1, 1000)


def usage(cores: float) -> tuple[Usage, ...]:
    return (
        Usage("stream", cores, cores * 1.5, 900, 950),
        Usage("generator", 0.2, 0.3, 60, 61),
    )


def run(p99_ms: float, *, invalid: tuple[str, ...] = ()) -> CaseRun:
    return CaseRun(
        measured_s=20,
        usage=usage(1.0),
        offered_per_s=20_000,
        accepted_per_s=20_000,
        answers={"202": 4000},
        book=Book(400_000, 0, 0, 400_000),
        post=latency(30),
        canary=latency(p99_ms),
        hops_ms={"tap → answered": 8.0, "answered → made": 400.0},
        invalid=invalid,
    )


def load(
    *repeats: CaseRun, name: str = "20k-by-100", per_s: float = 20_000
) -> CaseResult:
    return CaseResult(
        name=name,
        title=f"{per_s:,.0f} reactions/s in POSTs of 100",
        kind="load",
        offered_per_s=per_s,
        per_post=100,
        settings={},
        why="",
        warmup_s=5,
        repeats=repeats,
    )


START = CaseResult(
    name="start-up",
    title="From `up` to ready",
    kind="startup",
    offered_per_s=None,
    per_post=None,
    settings={},
    why="",
    warmup_s=0,
    repeats=(CaseRun(measured_s=0, start=Start(18.5, 1.2)),),
)

EMPTY_ROUTE = ReferenceResult(
    name="empty-flask-route",
    title="An empty Flask route",
    unit="POST",
    repeats=(
        ReferenceRun("empty-flask-route", "POST", 5000, 1, 5000, {"ratio": 0.55}),
    ),
)


def result(*cases: CaseResult, verdicts: Sequence[Verdict] = ()) -> Result:
    return Result(
        taken_at="2026-11-21T08:00:00+00:00",
        machine=MACHINE,
        cases=cases,
        references=(EMPTY_ROUTE,),
        verdicts=tuple(verdicts),
    )


STEADY = result(load(run(700), run(800), run(720)), START)


def report(of: Result, *, previous: Result | None = None, notes: str = "") -> str:
    return document(of, previous=previous, notes=notes, plot="")


def line_with(words: str, text: str) -> str:
    (line,) = [line for line in text.splitlines() if words in line]
    return line


def test_a_figure_is_the_median_with_the_least_and_the_greatest() -> None:
    row = line_with("20,000 reactions/s", table(STEADY))

    assert " 720 (700 to 800) |" in row


def test_a_column_that_nobody_fills_is_left_out() -> None:
    assert not line_with("20,000 reactions/s", table(STEADY)).endswith("|  |")


def test_what_measures_is_not_in_the_systems_sum_but_in_the_table() -> None:
    text = report(STEADY)
    cpu = text[text.index("## CPU") : text.index("## Memory")]

    assert " 1 |" in line_with("20,000 reactions/s in", table(STEADY))
    assert "0.2" in line_with("generator", cpu)


def test_every_part_of_a_result_is_in_the_report() -> None:
    text = report(STEADY)

    for words in (
        *("abc1234", "Some CPU", "Spark 4.2.0"),
        *("tap → answered", "From `up` to ready", "18.5"),
        *("An empty Flask route", "single POSTs/s by an empty route's"),
        *("There is no earlier result", "Accepted = counted"),
    ):
        assert words in text


def test_the_same_result_gives_the_same_report_and_plot() -> None:
    again = Result.from_json(STEADY.to_json())

    assert report(again) == report(STEADY)
    assert latency_by_rate(again) == latency_by_rate(STEADY)


HEARD = Audience(
    *(1000, 3, 41, 0),
    relay=latency(12.5),
    spread=latency(31),
    arrivals=latency(44),
)

WORKERS = (
    Usage("cluster-1", 0.01, 0.01, 11, 11),
    Usage("cluster-1-worker-1", 0.02, 0.02, 38, 40),
    Usage("cluster-1-worker-2", 0.04, 0.04, 38, 39),
)

SEEN = result(
    load(
        replace(
            run(700), registered=latency(777), audience=HEARD, usage=WORKERS + usage(1)
        )
    )
)


def test_what_registered_clients_get_is_in_the_report_and_in_the_terminal() -> None:
    for text in (report(SEEN), table(SEEN)):
        assert "tap → client p50 ms" in text
        assert any(" 777 |" in line for line in text.splitlines())
        row = line_with(" 1,000 |", text)
        assert all(f" {one} |" in row for one in ("41", "12.5", "31", "44"))


def test_a_result_without_registered_clients_has_no_place_for_them() -> None:
    assert "client" not in table(STEADY)
    assert "## Registered clients" not in report(STEADY)


def test_workers_are_two_rows_however_many_there_are() -> None:
    text = report(SEEN)
    cpu = text[text.index("## CPU") : text.index("## Memory")]
    memory = text[text.index("## Memory") : text.index("## Against")]

    assert line_with("workers (2)", cpu).endswith(" 0.06 |")
    assert line_with("the greatest worker", cpu).endswith(" 0.04 |")
    assert line_with("workers (2)", memory).endswith(" 79 |")
    assert line_with("the greatest worker", memory).endswith(" 40 |")
    assert "worker-1" not in text
    assert line_with("| cluster-1 ", cpu).endswith(" 0.01 |")


def test_an_older_result_is_compared_with_where_it_has_the_figure() -> None:
    text = changes(SEEN, STEADY)

    assert "tap → frame p99" in text
    assert "client" not in text
    assert "inside the spread" in line_with("tap → client p99", changes(SEEN, SEEN))
    assert "worker → client p99" in changes(SEEN, SEEN)


def test_a_room_full_of_clients_is_no_point_of_latency_by_rate() -> None:
    crowded = replace(load(run(700)), members=1000)

    assert latency_by_rate(result(crowded)) is None


def test_a_plot_has_no_date() -> None:
    image = latency_by_rate(STEADY)

    assert image is not None
    assert b"<dc:date>" not in image


def test_without_a_load_there_is_no_plot() -> None:
    assert latency_by_rate(result(START)) is None


def test_a_change_inside_the_spread_is_said_to_be() -> None:
    now = result(load(run(710), run(790), run(750)))

    row = line_with("p99, ms", changes(now, STEADY))

    assert "+4.2 %" in row
    assert "inside the spread" in row


def test_a_change_beyond_the_spread_is_left_to_speak() -> None:
    now = result(load(run(900), run(950), run(920)))

    row = line_with("p99, ms", changes(now, STEADY))

    assert "+28 %" in row
    assert "inside" not in row


def test_a_change_of_an_invalid_run_proves_nothing() -> None:
    now = result(load(run(300, invalid=("late sends: 4 %",))))

    assert line_with("p99, ms", changes(now, STEADY)).endswith("invalid |")


def test_a_set_rate_is_no_change() -> None:
    assert "accepted" not in changes(STEADY, STEADY)


def test_a_case_that_is_new_has_nothing_to_change_from() -> None:
    now = result(load(run(300), name="new"))

    assert "none of these cases" in changes(now, STEADY)


def test_another_machine_is_not_compared_with() -> None:
    elsewhere = replace(STEADY, machine=replace(MACHINE, model="Other CPU"))

    text = changes(STEADY, elsewhere)

    assert "another machine" in text
    assert "|" not in text


def test_an_invalid_run_is_marked_wherever_the_result_is_shown() -> None:
    bad = result(load(run(700), run(710, invalid=("late sends: 4 %",))))

    assert "**invalid**" in line_with("| 20,000 rea", table(bad))
    assert "reactions/s in POSTs of 100: late sends: 4 %" in table(bad)
    for text in (table(bad), report(bad), readme_block(bad)):
        assert "**Not to be quoted:** runs were invalid: 20k-by-100." in text


def test_a_miscount_is_marked_however_fast_the_run_was() -> None:
    bad = result(load(replace(run(1), failures=("accepted 5, counted 4",))))

    assert "**wrong**" in line_with("| 20,000 rea", table(bad))
    assert "reactions/s in POSTs of 100: accepted 5, counted 4" in report(bad)
    assert "did something wrong: 20k-by-100" in report(bad)


def test_more_than_the_machine_takes_is_marked_and_may_be_quoted() -> None:
    much = result(load(replace(run(1), excess=("it fell behind: 9 %",))))

    assert "too much" in line_with("| 20,000 rea", table(much))
    assert "reactions/s in POSTs of 100: it fell behind: 9 %" in report(much)
    assert "Not to be quoted" not in readme_block(much)


def test_a_busy_machine_or_a_part_of_the_cases_is_not_to_be_quoted() -> None:
    busy = replace(STEADY, machine=replace(MACHINE, is_busy=True, load_before=1.5))

    assert "others kept 1.5 cores" in readme_block(busy)
    assert "only some cases" in readme_block(replace(STEADY, complete=False))
    assert "Not to be quoted" not in readme_block(STEADY)


@pytest.mark.parametrize(
    ("measured", "at_most", "said"),
    [
        (900.0, True, "met by 25 %"),
        (1500.0, True, "**missed** by 25 %"),
        (900.0, False, "**missed** by 25 %"),
        (1200.0, True, "met"),
        (None, True, "not measured"),
    ],
)
def test_a_target_says_by_how_much_it_is_met_or_missed(
    measured: float | None, said: str, *, at_most: bool
) -> None:
    assert outcome(Verdict("p99", "ms", 1200, at_most, measured)) == said


def test_a_target_without_a_valid_run_is_neither_met_nor_missed() -> None:
    of = Verdict("p99", "ms", 1200, at_most=True, measured=None, unproved=("peak",))
    beside = replace(of, measured=900)
    bad = replace(STEADY, verdicts=(of, beside))

    assert outcome(of) == outcome(beside) == "**no valid run** of peak"
    for text in (table(bad), report(bad), readme_block(bad)):
        assert text.count("**no valid run** of peak |") == 2
    assert outcome(replace(of, measured=1500)) == "**missed** by 25 %"


def test_a_reference_that_is_not_installed_says_so() -> None:
    skipped = replace(EMPTY_ROUTE, repeats=(), skipped="PostgreSQL is not installed")

    text = references(replace(STEADY, references=(skipped,)))

    assert "not measured: PostgreSQL is not installed" in text
    assert "not installed" in report(replace(STEADY, references=(skipped,)))


def test_notes_survive_and_everything_is_written(tmp_path: Path) -> None:
    notes = tmp_path / NOTES
    notes.write_text("## What was tried\n\nA larger heap: nothing.\n")
    for _ in range(2):
        write(STEADY, folder=tmp_path, previous=None)

    text = (tmp_path / REPORT).read_text()
    assert text.count("A larger heap: nothing.") == 1
    assert notes.read_text().startswith("## What was tried")
    assert f"]({PLOT})" in text
    assert (tmp_path / PLOT).read_bytes() == latency_by_rate(STEADY)


def test_readme_gets_the_figures_between_its_marks_alone(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{readme_block(None)}\nafter\n")
    verdict = Verdict("20,000/s: p99", "ms", 1200, at_most=True, measured=720)
    quoted = replace(STEADY, verdicts=(verdict,))

    for _ in range(2):
        write(quoted, folder=tmp_path, previous=None, readme=readme)

    text = readme.read_text()
    assert text == f"before\n{readme_block(quoted)}\nafter\n"
    assert "720 ms" in line_with("20,000/s: p99", text)


def test_a_readme_without_marks_is_not_written_to() -> None:
    with pytest.raises(NoPlaceForFigures):
        with_figures("no marks", STEADY)


def test_readme_quotes_the_committed_result() -> None:
    committed = Result.from_json(RESULT.read_bytes()) if RESULT.exists() else None

    assert readme_block(committed) in README.read_text()


def test_the_committed_report_is_of_the_committed_result() -> None:
    written = RESULT.with_name(REPORT)
    assert written.exists() == RESULT.exists()
    if RESULT.exists():
        committed = Result.from_json(RESULT.read_bytes())
        assert f"Measured at {committed.taken_at}" in written.read_text()


def test_figures_have_three_digits_that_count() -> None:
    assert [number(x) for x in (0, 1234.5, 99.96, 12.34, 0.1234, 0.00001)] == [
        *("0", "1,234", "100", "12.3", "0.123", "0.000")
    ]
    assert [percent(x) for x in (0.034, -0.2, 1.5)] == ["+3.4 %", "-20 %", "+150 %"]
