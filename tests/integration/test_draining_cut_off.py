"""Drains and stops that somebody or something comes between."""

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from types import FrameType

import pytest

from compose import running
from compose.errors import Refused
from compose.native import Native
from compose.processes import System
from compose.scaling import drains
from compose.scaling.drains import Drain
from compose.settings import Settings
from tests.integration.machine import Told, machine_in_a_short_folder
from tests.integration.processes import wait_until
from tests.integration.scaled import Clusters, People, drain_in_a_thread, processes


class HungUp(Exception):
    """The terminal was closed."""


class HangsUp(Told):
    """Closes the terminal whenever something has been stopped."""

    def say(self, text: str) -> None:
        super().say(text)
        if text.endswith(" stopped"):
            signal.raise_signal(signal.SIGHUP)


class InterruptedPeople(People):
    """Go when they are told to, but the first time somebody presses Ctrl-C."""

    def tell(self, drains: Iterable[Drain]) -> None:
        super().tell(drains)
        if len(self.told) == 1:
            raise KeyboardInterrupt


class Looks:
    """Counts the looks at who is left, and does something at one of them."""

    def __init__(self, people: People, at: int, do: Callable[[], None]) -> None:
        self.count = 0
        self._people, self._at, self._do = people, at, do
        people.at_each_look = self._look

    def _look(self) -> None:
        if self._people.told:  # before that it is a look for room
            self.count += 1
            if self.count == self._at:
                self._do()


@pytest.fixture
def system() -> Iterator[Clusters]:
    with machine_in_a_short_folder() as machine:
        yield Clusters(machine)


@pytest.fixture
def hanging_up() -> Iterator[None]:
    def hang_up(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise HungUp

    before = signal.signal(signal.SIGHUP, hang_up)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("hanging_up")
def test_a_stop_of_everything_goes_to_its_end(system: Clusters) -> None:
    system.up(2, 1)

    assert Native(system.machine.layout, HangsUp()).down()

    assert system.machine.left() == []


@pytest.mark.usefixtures("hanging_up")
def test_a_stop_of_a_cluster_goes_to_its_end(system: Clusters) -> None:
    system.up(2, 1)

    system.scaling(told=HangsUp()).drain("cluster-2", 0, force=False)

    assert system.alive() == processes(1, 1)


def test_a_drain_that_is_interrupted_as_it_begins_changes_nothing(
    system: Clusters,
) -> None:
    system.up(2, 1)
    system.people = InterruptedPeople()

    with pytest.raises(KeyboardInterrupt):
        system.drain("cluster-2")

    assert system.people.told == [{"cluster-2"}, set()]
    assert drains.read(system.machine.layout) == {}


@pytest.mark.parametrize("by", ["scale", "take_back"])
def test_a_main_broker_that_forgot_who_is_to_go_is_told_by_the_next_command(
    system: Clusters, by: str
) -> None:
    system.up(2, 1)
    system.people.members, system.people.stay = {"cluster-2": 3}, {"cluster-2"}
    with pytest.raises(Refused):
        system.drain("cluster-2")
    system.people.told.clear()

    if by == "scale":
        system.scaling().to(workers=1)
    else:
        system.scaling().take_back()

    assert system.people.told == [{"cluster-2"}]


def test_an_undrain_can_be_given_again_until_it_is_done(system: Clusters) -> None:
    system.up(2, 1)
    system.drain("cluster-2")
    noted: list[str] = []

    def observed(settings: Settings) -> System:
        plan = system.plan(settings)
        return replace(plan, parts=[replace(p, ready=look) for p in plan.processes])

    def look() -> bool:
        noted.append(drains.read(system.machine.layout)["cluster-2"].word)
        return True

    system.scaling(observed).undrain("cluster-2")

    assert set(noted) == {"draining"}
    assert drains.read(system.machine.layout) == {}


def test_who_comes_at_the_last_moment_is_not_put_out(system: Clusters) -> None:
    system.up(2, 1)
    system.people.stay = {"cluster-2"}
    Looks(system.people, 2, lambda: system.people.members.update({"cluster-2": 3}))

    with pytest.raises(Refused, match="3 clients have not moved from cluster-2"):
        system.drain("cluster-2")

    assert system.alive() == processes(2, 1)


def test_an_undrain_at_the_last_moment_wins(system: Clusters) -> None:
    system.up(2, 1)
    Looks(system.people, 1, lambda: drains.remove(system.machine.layout, "cluster-2"))

    with pytest.raises(Refused, match="cluster-2 is open again"):
        system.drain("cluster-2")

    assert system.alive() == processes(2, 1)


def test_nothing_is_told_while_another_command_is_at_work(system: Clusters) -> None:
    system.up(2, 1)
    thread, _ = drain_in_a_thread(system, "cluster-2")

    with running.alone(system.machine.layout, system.machine.told):
        system.people.told[:] = [set()]  # main was started again
        looks = Looks(system.people, 0, lambda: None)
        wait_until(lambda: looks.count >= 5, within_s=60, what="five looks")
        told = [*system.people.told]

    system.abandoned.set()
    thread.join(30)
    assert told == [set()]


def test_a_main_broker_that_knows_is_not_told_again(system: Clusters) -> None:
    system.up(2, 1)
    thread, _ = drain_in_a_thread(system, "cluster-2")

    looks = Looks(system.people, 0, lambda: None)
    wait_until(lambda: looks.count >= 5, within_s=60, what="five looks")
    told = [*system.people.told]

    system.abandoned.set()
    thread.join(30)
    assert told == [{"cluster-2"}]


def test_a_supervisor_that_is_silent_for_a_while_is_not_taken_for_gone(
    system: Clusters,
) -> None:
    system.up(2, 1)
    thread, said = drain_in_a_thread(system, "cluster-2")
    supervisor = system.machine.supervisor.pid()

    os.kill(supervisor, signal.SIGSTOP)
    try:
        looks = Looks(system.people, 0, lambda: None)
        wait_until(
            lambda: looks.count >= 2 or not thread.is_alive(),
            within_s=60,
            what="two looks, or the end",
        )
    finally:
        os.kill(supervisor, signal.SIGCONT)

    system.abandoned.set()
    thread.join(30)
    assert said
    assert "The wait for it was given up." in said[0]


def test_force_does_not_wait_again_for_who_had_time_to_go(system: Clusters) -> None:
    system.up(2, 1)
    system.people.members, system.people.stay = {"cluster-2": 3}, {"cluster-2"}
    drains.add(system.machine.layout, Drain("cluster-2", since_ms=0))
    gives_up = threading.Timer(20, system.abandoned.set)
    gives_up.start()

    system.scaling().drain("cluster-2", 600, force=True)

    gives_up.cancel()
    assert system.alive() == processes(1, 1)
