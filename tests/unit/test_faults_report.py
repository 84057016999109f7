import msgspec
import pytest

from tests.faults.fault import Hit
from tests.faults.health import Use, grown
from tests.faults.report import BEGIN, END, NoPlaceForTable, line, table, with_table
from tests.faults.results import Group, Recounted, Result, Trial, rows


def trial(name: str = "kill -9", **found: object) -> Trial:
    fields: dict[str, object] = {"seed": "8/bridge/kill -9/1", "at": "12:00", **found}
    return msgspec.convert({"part": "bridge", "name": name, **fields}, Trial)


def result(*trials: Trial, **more: object) -> Result:
    group = Group(setting="default", part="bridge", trials=trials, difference=0)
    made = Result(seed=8, taken_at="2026-11-21T20:00:00+00:00", groups=(group,))
    return msgspec.structs.replace(made, **more)


def test_a_row_sums_up_the_trials_of_a_fault() -> None:
    (row,) = rows(
        result(
            trial(reactions=100, recovery_s=1.0, hit="hit"),
            trial(reactions=200, recovery_s=4.0, hit="missed", lost=1, broken=["one"]),
            trial(reactions=300, recovery_s=2.0, hit="hit", twice=2),
        )
    )

    assert (row.trials, row.reactions, row.lost, row.twice) == (3, 600, 1, 2)
    assert (row.recovery_p50_s, row.recovery_max_s) == (2.0, 4.0)
    assert (row.aimed, row.hits, row.broken) == (3, 2, 1)


def test_a_trial_that_never_recovered_makes_no_time_better() -> None:
    (row,) = rows(result(trial(broken=["never"]), trial(recovery_s=3.0)))

    assert (row.trials, row.recovery_p50_s, row.broken) == (2, 3.0, 1)


def test_what_the_machine_does_not_allow_counts_as_no_trial_and_is_shown() -> None:
    made = result(trial(impossible="no mount"))

    assert rows(made)[0].trials == 0
    assert "not possible here: no mount" in table(made)
    assert "not possible here" in line(made.trials[0])


def test_the_table_marks_what_was_lost_and_says_how_many_hit() -> None:
    text = table(result(trial(lost=7, hit="hit"), trial("hung", recovery_s=1.25)))

    assert "**7**" in text
    assert "1 of 1" in text
    assert len({len(row) for row in text.splitlines()}) == 1


def test_every_kind_of_failure_is_one() -> None:
    assert not [*result(trial()).failures()]
    group = Group(setting="default", part="bridge", broken=("grew",))
    for broken in (
        result(trial(broken=["lost"])),
        result(groups=(group,)),
        result(recounts=(Recounted("final", 5, 1, agrees=False),)),
        result(broken=("not up",)),
    ):
        assert len([*broken.failures()]) == 1


def test_a_broken_promise_is_told_with_its_seed_and_its_moment() -> None:
    (words,) = result(trial(broken=["❤️ lost"])).failures()

    assert words == "bridge/kill -9, seed 8/bridge/kill -9/1, 12:00: ❤️ lost"


def test_a_result_comes_back_from_its_json() -> None:
    group = Group(setting="links", part="links", use_first={"web": Use(9.5, 7)})
    made = result(trial(hit=Hit.HIT), groups=(group,))

    assert msgspec.json.decode(msgspec.json.encode(made), type=Result) == made


def test_the_table_goes_between_its_marks_and_nothing_else_changes() -> None:
    document = with_table(f"before\n{BEGIN}\nold\n{END}\nafter\n", result(trial()))

    assert document.startswith(f"before\n{BEGIN}\n| part")
    assert document.endswith(f"{END}\nafter\n")
    assert "old" not in document
    assert with_table(document, result(trial())) == document


def test_a_document_without_the_marks_is_refused() -> None:
    with pytest.raises(NoPlaceForTable):
        with_table("nothing", result())


def test_growth_is_what_two_trials_in_a_row_show_beside_the_first() -> None:
    small, large = Use(100, 100), Use(151, 171)

    assert grown([{"web": small}, {"web": large}]) == []
    assert grown([{"web": small}, {"web": large}, {"web": small}]) == []
    assert grown([{"web": small}, {"web": small}, {"web": large}]) == []
    assert len(grown([{"web": small}, {"web": large}, {"web": large}])) == 2
    assert grown([{"web": small}] + [{"web": Use(150, 170)}] * 2) == []


def test_a_part_in_java_takes_what_memory_it_may_have_but_no_handles() -> None:
    small, large = Use(100, 100), Use(900, 900)

    (words,) = grown([{"kafka": small}, {"kafka": large}, {"kafka": large}])

    assert "handles" in words
