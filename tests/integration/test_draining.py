"""Clusters that are emptied and opened again: a real supervisord, little servers."""

from collections.abc import Iterator

import psutil
import pytest

from compose.errors import Refused
from compose.scaling import drains
from compose.scaling.audience import NoMain
from compose.starter import PartFailed
from compose.supervision import kept
from tests.integration.machine import machine_in_a_short_folder
from tests.integration.processes import wait_until
from tests.integration.scaled import Clusters, drain_in_a_thread, processes


@pytest.fixture
def system() -> Iterator[Clusters]:
    with machine_in_a_short_folder() as machine:
        yield Clusters(machine)


def test_a_drained_cluster_is_stopped_workers_first_and_stays_known(
    system: Clusters,
) -> None:
    system.up(2, 1)
    system.people.members = {"cluster-2": 40}

    system.drain("cluster-2")

    assert system.alive() == processes(1, 1)
    assert system.names() == processes(2, 1)
    assert system.machine.events()[-2:] == [
        "cluster-2-worker-1 ended",
        "cluster-2 ended",
    ]
    assert drains.read(system.machine.layout)["cluster-2"].word == "drained"
    assert system.people.told[-1] == {"cluster-2"}


def test_up_leaves_a_drained_cluster_alone(system: Clusters) -> None:
    system.up(2, 1)
    system.drain("cluster-2")

    system.up(2, 1)

    assert system.alive() == processes(1, 1)


def test_an_undrained_cluster_runs_and_is_kept_again(system: Clusters) -> None:
    system.up(2, 1)
    system.drain("cluster-2")

    system.scaling().undrain("cluster-2")

    assert system.alive() == processes(2, 1)
    assert kept.names(system.machine.layout) == processes(2, 1)
    assert drains.read(system.machine.layout) == {}
    assert system.people.told[-1] == set()


def test_every_cluster_is_open_after_a_start(system: Clusters) -> None:
    system.up(2, 1)
    system.drain("cluster-2")
    supervisor = psutil.Process(system.machine.supervisor.pid())
    supervisor.kill()
    supervisor.wait(5)

    system.up(2, 1)

    assert system.alive() == processes(2, 1)
    assert drains.read(system.machine.layout) == {}


def test_workers_of_a_drained_cluster_are_added_and_not_started(
    system: Clusters,
) -> None:
    system.up(2, 1)
    system.drain("cluster-2")

    system.scaling().to(workers=2)

    assert system.names() == processes(2, 2)
    assert system.alive() == processes(1, 2)
    assert "cluster-2-worker-2 started" not in system.machine.events()
    system.scaling().undrain("cluster-2")
    assert system.alive() == processes(2, 2)


def test_a_stop_that_was_not_finished_is_finished(system: Clusters) -> None:
    system.up(2, 1)
    half_done = drains.as_stopped(drains.begun("cluster-2", 0))
    drains.add(system.machine.layout, half_done)

    with pytest.raises(Refused, match="drained already"):
        system.drain("cluster-2")

    assert system.alive() == processes(1, 1)


def test_who_does_not_move_keeps_a_closed_cluster_running(system: Clusters) -> None:
    system.up(2, 1)
    system.people.members, system.people.stay = {"cluster-2": 3}, {"cluster-2"}

    with pytest.raises(Refused) as refusal:
        system.drain("cluster-2")

    told = str(refusal.value)
    assert "3 clients have not moved from cluster-2" in told
    assert "`emostream drain cluster-2 --force` stops it" in told
    assert "`emostream undrain cluster-2` opens it" in told
    assert system.alive() == processes(2, 1)
    assert drains.read(system.machine.layout)["cluster-2"].word == "draining"


def test_force_stops_a_cluster_that_somebody_has_not_left(system: Clusters) -> None:
    system.up(2, 1)
    system.people.members, system.people.stay = {"cluster-2": 3}, {"cluster-2"}

    system.drain("cluster-2", force=True)

    assert system.alive() == processes(1, 1)


def test_an_undrain_that_fails_leaves_the_cluster_drained(system: Clusters) -> None:
    system.up(2, 1)
    system.drain("cluster-2")

    with pytest.raises(PartFailed, match="cluster-2 did not start"):
        system.scaling(system.broken).undrain("cluster-2")

    assert drains.read(system.machine.layout)["cluster-2"].word == "drained"
    assert system.people.told[-1] == {"cluster-2"}
    assert system.alive() == processes(1, 1)
    assert kept.names(system.machine.layout) == processes(1, 1)


def test_a_drain_that_main_does_not_hear_changes_nothing(system: Clusters) -> None:
    system.up(2, 1)
    system.people.main_hears = False

    with pytest.raises(NoMain):
        system.drain("cluster-2")

    assert drains.read(system.machine.layout) == {}
    assert system.alive() == processes(2, 1)


def test_a_drain_begins_by_telling_over_how_long(system: Clusters) -> None:
    system.up(2, 1)

    system.scaling().drain("cluster-2", 7.5, force=False)

    said = (
        "cluster-2 is closed: nobody new comes, and who has joined moves within 7.5 s."
    )
    assert said in system.lines
    assert drains.read(system.machine.layout)["cluster-2"].spread_s == 7.5


def test_a_stop_during_a_drain_works_at_once(system: Clusters) -> None:
    system.up(2, 1)
    thread, said = drain_in_a_thread(system, "cluster-2")

    assert system.machine.native.down()

    thread.join(30)
    assert system.machine.left() == []
    assert said == ["EmoStream was taken down while cluster-2 was being left."]


def test_an_undrain_during_a_drain_wins(system: Clusters) -> None:
    system.up(2, 1)
    thread, said = drain_in_a_thread(system, "cluster-2")

    system.scaling().undrain("cluster-2")

    thread.join(30)
    assert "cluster-2 is open again" in said[0]
    assert system.alive() == processes(2, 1)
    assert system.people.told[-1] == set()


def test_a_drain_ends_well_when_another_command_has_stopped_the_cluster(
    system: Clusters,
) -> None:
    system.up(2, 1)
    thread, said = drain_in_a_thread(system, "cluster-2")
    [drain] = drains.read(system.machine.layout).values()

    drains.add(system.machine.layout, drains.as_stopped(drain))

    thread.join(30)
    assert not thread.is_alive()
    assert said == []
    assert system.alive() == processes(1, 1)


def test_a_drain_that_is_given_up_leaves_the_cluster_closed(system: Clusters) -> None:
    system.up(2, 1)
    thread, said = drain_in_a_thread(system, "cluster-2")

    system.abandoned.set()

    thread.join(30)
    [told] = said
    assert told == (
        "The wait for it was given up. cluster-2 stays closed: `emostream drain"
        " cluster-2 --force` stops it anyhow, `emostream undrain cluster-2` opens it"
        " again."
    )
    assert "stays closed" not in system.said()  # who gave it up may open it
    assert drains.read(system.machine.layout)["cluster-2"].word == "draining"


def test_a_main_broker_that_comes_back_is_told_again(system: Clusters) -> None:
    system.up(2, 1)
    thread, said = drain_in_a_thread(system, "cluster-2")
    system.people.main_is_there = False
    system.people.told.clear()

    system.people.main_is_there = True

    wait_until(lambda: system.people.told != [], within_s=30, what="another word")
    system.abandoned.set()
    thread.join(30)
    assert said


def test_a_cluster_that_was_drained_by_hand_stays_drained(system: Clusters) -> None:
    system.up(2, 1)
    system.drain("cluster-2")

    system.scaling().to(clusters=3)
    system.scaling().take_back()

    assert system.alive() == processes(3, 1) - {"cluster-2", "cluster-2-worker-1"}
