"""A main broker that was started again, and the notes of who is to go."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from compose import running, topology
from compose.layout import Layout
from compose.scaling import drains
from compose.scaling.audience import NoMain
from compose.scaling.drains import Drain
from compose.scaling.reminding import MAIN, Reminder
from compose.supervision.rpc import ProcessInfo, State, SupervisorEnds

RUNS = ProcessInfo(MAIN, MAIN, State.RUNNING, 7, started_at=1000, exit_status=0)
AGAIN = replace(RUNS, pid=8)


class Main:
    """Hears what is said, unless it does not answer."""

    def __init__(self) -> None:
        self.told: list[set[str]] = []
        self.problem: Exception | None = None

    def tell(self, noted: Iterable[Drain]) -> None:
        if self.problem:
            raise self.problem
        self.told.append({drain.cluster for drain in noted})


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    layout.make()
    drains.add(layout, drains.begun("cluster-2", 30))
    return layout


def look(reminder: Reminder, *processes: ProcessInfo) -> None:
    reminder.look({process.name: process for process in processes})


def test_each_main_broker_is_told_once(layout: Layout) -> None:
    main = Main()
    reminder = Reminder(layout, main.tell)

    for process in (RUNS, RUNS, AGAIN, AGAIN):
        look(reminder, process)

    assert main.told == [{"cluster-2"}, {"cluster-2"}]


def test_nothing_is_told_of_clusters_that_are_open(layout: Layout) -> None:
    main = Main()
    drains.forget(layout)

    look(Reminder(layout, main.tell), RUNS)

    assert main.told == []


def test_one_that_is_down_is_told_when_it_runs(layout: Layout) -> None:
    main = Main()
    reminder = Reminder(layout, main.tell)

    look(reminder)
    look(reminder, replace(RUNS, state=State.EXITED, pid=0))
    assert main.told == []
    look(reminder, RUNS)

    assert main.told == [{"cluster-2"}]


@pytest.mark.parametrize("problem", [NoMain("It is silent."), FileNotFoundError()])
def test_one_that_cannot_be_told_is_told_at_a_later_look(
    layout: Layout, problem: Exception
) -> None:
    main = Main()
    reminder = Reminder(layout, main.tell)
    main.problem = problem
    look(reminder, RUNS)

    main.problem = None
    look(reminder, RUNS)

    assert main.told == [{"cluster-2"}]


def test_while_a_command_is_at_work_it_has_the_word(layout: Layout) -> None:
    main = Main()
    reminder = Reminder(layout, main.tell)

    with running.alone_if_free(layout):
        look(reminder, RUNS)
        assert main.told == []
    look(reminder, RUNS)

    assert main.told == [{"cluster-2"}]


def test_an_end_of_everything_is_not_taken_for_a_trouble(layout: Layout) -> None:
    main = Main()
    main.problem = SupervisorEnds("all is about to be stopped")

    with pytest.raises(SupervisorEnds):
        look(Reminder(layout, main.tell), RUNS)


def test_the_main_broker_has_the_name_that_it_is_started_by() -> None:
    assert MAIN == topology.MAIN
