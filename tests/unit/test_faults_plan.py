from dataclasses import replace

import pytest

from tests.faults.fault import Done, Fault
from tests.faults.plan import NothingChosen, chosen, groups, scenes
from tests.faults.scene import Scene


def strike(_scene: Scene) -> Done:
    return Done(0, 0)


FAULTS = (
    Fault("bridge", "kill -9", strike, is_main=True),
    Fault("bridge", "hung", strike),
    Fault("links", "cut", strike, is_main=True, setting="links"),
    Fault("spark", "backlog", strike, trials=1),
)


def titles(setting: str, trials: int, seed: int) -> list[list[str]]:
    return [
        [one.fault.title for one in group.trials]
        for group in groups(FAULTS, setting, trials, seed)
    ]


def test_faults_are_chosen_by_their_titles() -> None:
    assert chosen(FAULTS, ["bridge/*"], quick=False) == [*FAULTS[:2]]
    assert chosen(FAULTS, ["*/hung", "links/*"], quick=False) == [*FAULTS[1:3]]


def test_the_quick_form_has_what_is_main_in_the_default_scene_once() -> None:
    often = replace(FAULTS[0], trials=8)

    (found,) = chosen([often, *FAULTS[1:]], ["*"], quick=True)

    assert (found.title, found.trials) == ("bridge/kill -9", 1)


def test_a_name_that_no_fault_has_is_refused() -> None:
    with pytest.raises(NothingChosen):
        chosen(FAULTS, ["kafka/*"], quick=False)


def test_the_default_scene_comes_first_and_each_once() -> None:
    island = replace(FAULTS[2], setting="a disk")

    assert scenes([island, *FAULTS]) == ["default", "a disk", "links"]


def test_each_fault_has_its_trials_and_a_group_is_of_one_part() -> None:
    bridge, spark = titles("default", 3, seed=1)

    assert sorted(bridge) == ["bridge/hung"] * 3 + ["bridge/kill -9"] * 3
    assert spark == ["spark/backlog"]
    assert titles("links", 2, seed=1) == [["links/cut"] * 2]


def test_a_fault_may_have_another_number_of_trials_than_its_neighbours() -> None:
    once = replace(FAULTS[1], trials=1)
    (group,) = groups([FAULTS[0], once], "default", 3, 1)

    assert len(group.trials) == 4
    assert [one.fault for one in group.trials].count(once) == 1


def test_no_fault_has_its_second_turn_before_all_had_their_first() -> None:
    bridge, _ = titles("default", 5, seed=1)

    assert all(len({*bridge[at : at + 2]}) == 2 for at in range(0, 10, 2))


def test_the_same_seed_gives_the_same_order_and_another_one_another() -> None:
    orders = {str(titles("default", 5, seed)) for seed in range(9)}

    assert titles("default", 5, 3) == titles("default", 5, 3)
    assert len(orders) > 1


def test_every_trial_has_a_seed_of_its_own() -> None:
    seeds = [
        one.seed for group in groups(FAULTS, "default", 5, 7) for one in group.trials
    ]

    assert len({*seeds}) == len(seeds) == 11
    assert "7/bridge/kill -9/5" in seeds
