from dataclasses import replace
from pathlib import Path

from tests.load.reporting.sides import of_file, sides
from tests.load.sides import RESULT, Side, Sides
from tests.unit.test_bench_report import MACHINE, line_with, load, run

FOUND = Sides(
    taken_at="2026-11-22T08:00:00+00:00",
    machine=MACHINE,
    processes=Side(ready_s=(30.0, 40.0, 35.0), cases=(load(run(700), run(800)),)),
    containers=Side(ready_s=(50.0,), cases=(load(run(900), run(900)),)),
    images_mib={"plain": 188.2},
)


def test_each_figure_is_shown_of_both_with_its_ratio_and_bound() -> None:
    p99 = line_with("p99", sides(FOUND))

    assert "750 (700 to 800)" in p99
    assert "1.20" in p99
    assert "≤ 1.2" in p99
    assert "1.00" in line_with("accepted/s", sides(FOUND))


def test_a_start_is_the_median_and_an_image_has_its_bound() -> None:
    shown = sides(FOUND)

    assert "processes 35 s, containers 50 s" in shown
    assert "250" in line_with("| plain", shown)


def test_what_cannot_be_trusted_is_left_out_and_said() -> None:
    late = load(run(900), run(9_000, invalid=("the generator was late",)))
    doubtful = replace(FOUND, containers=Side(ready_s=(50.0,), cases=(late,)))

    assert "Not all runs were valid" in sides(doubtful)
    assert "Not all runs were valid" not in sides(FOUND)
    assert "9,000" not in sides(doubtful)


def test_a_file_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / RESULT.name
    assert of_file(file) == ""

    file.write_bytes(FOUND.to_json())

    assert Sides.from_json(file.read_bytes()) == FOUND
    assert of_file(file) == sides(FOUND)
