"""Clusters and workers that come and go: a real supervisord, little servers."""

import os
import signal
import threading
from collections.abc import Callable, Iterator

import pytest

from compose import running
from compose.errors import Refused
from compose.ports import PortsTaken
from compose.processes import System
from compose.scaling import drains, turn
from compose.settings import Settings
from compose.starter import PartFailed
from compose.supervision import kept
from compose.supervision.groups import OtherVersion
from tests.integration.machine import Told, machine_in_a_short_folder
from tests.integration.processes import accepts, end, spawn, wait_until
from tests.integration.scaled import Clusters, processes


@pytest.fixture
def system() -> Iterator[Clusters]:
    with machine_in_a_short_folder() as machine:
        yield Clusters(machine)


class CutOff(Told):
    """A person who presses Ctrl-C when something has ended."""

    def __init__(self, at: str) -> None:
        super().__init__()
        self._at = at

    def say(self, text: str) -> None:
        if self._at in text and "stopped" in text:
            raise KeyboardInterrupt


def test_more_are_started_while_the_others_run(system: Clusters) -> None:
    system.up(2, 1)
    before = system.machine.pids()

    settings = system.scaling().to(clusters=3, workers=2)

    after = system.machine.pids()
    assert system.alive() == processes(3, 2)
    assert {name: after[name] for name in before} == before
    assert kept.names(system.machine.layout) == processes(3, 2)
    assert (settings.clusters, settings.workers) == system.noted() == (3, 2)


def test_a_cluster_that_comes_is_not_taken_for_one_that_went(system: Clusters) -> None:
    """Main may still ask the clients of an earlier one of that name to go."""
    system.up(1, 1)
    system.people.told.append({"cluster-2"})

    system.scaling().to(clusters=2)

    assert system.people.told[-1] == set()


def test_what_was_added_is_started_again_when_it_ends(system: Clusters) -> None:
    system.up(1, 1)
    system.scaling().to(clusters=2)
    before = system.machine.pids()["cluster-2"]

    os.kill(before, signal.SIGKILL)

    wait_until(
        lambda: system.machine.pids()["cluster-2"] not in {0, before},
        within_s=30,
        what="another process",
    )


def test_fewer_workers_are_stopped_and_forgotten(system: Clusters) -> None:
    system.up(2, 2)
    before = system.machine.pids()

    system.scaling().to(workers=1)

    assert system.names() == system.alive() == processes(2, 1)
    assert {name: system.machine.pids()[name] for name in processes(2, 1)} == {
        name: before[name] for name in processes(2, 1)
    }
    assert kept.names(system.machine.layout) == processes(2, 1)
    assert system.noted() == (2, 1)


def test_fewer_clusters_are_left_before_they_are_stopped(system: Clusters) -> None:
    system.up(3, 1)
    system.people.members = {"cluster-1": 5, "cluster-2": 7, "cluster-3": 9}

    system.scaling().to(clusters=1, spread_s=0)

    assert system.people.told[0] == {"cluster-2", "cluster-3"}
    assert system.people.told[-1] == set()
    assert system.names() == system.alive() == processes(1, 1)
    assert drains.read(system.machine.layout) == {}
    assert system.noted() == (1, 1)


def test_files_of_clusters_that_are_gone_are_gone(system: Clusters) -> None:
    system.up(2, 1)
    config = system.machine.layout.config
    (config / "cluster-2.conf").write_text("")
    (config / "cluster-20.conf").write_text("")

    system.scaling().to(clusters=1, spread_s=0)

    assert not (config / "cluster-2.conf").exists()
    assert (config / "cluster-20.conf").exists()


def test_as_many_as_there_are_changes_nothing(system: Clusters) -> None:
    system.up(2, 1)
    before = system.machine.pids()

    system.scaling().to(clusters=2, workers=1)

    assert system.machine.pids() == before
    assert "It was so already." in system.said()


def test_a_port_that_is_taken_is_named_before_anything_changes(
    system: Clusters,
) -> None:
    system.up(1, 1)
    other = spawn(
        list(system.machine.server("cluster-2").command),
        system.machine.layout.logs / "other",
    )
    port = system.machine.ports["cluster-2"]
    wait_until(lambda: accepts(port), within_s=30, what="the other server")
    try:
        with pytest.raises(PortsTaken, match=f"{port}.*process {other.pid}.*_PORT"):
            system.scaling().to(clusters=2)
    finally:
        end(other, within_s=10)

    assert system.names() == processes(1, 1)
    assert system.noted() == (1, 1)


def test_what_cannot_be_started_is_taken_back(system: Clusters) -> None:
    system.up(1, 1)

    with pytest.raises(PartFailed, match="cluster-2 did not start"):
        system.scaling(system.broken).to(clusters=2)

    assert system.names() == system.alive() == processes(1, 1)
    assert kept.names(system.machine.layout) == processes(1, 1)
    assert system.noted() == (1, 1)


def test_clusters_that_became_ready_before_another_failed_stay(
    system: Clusters,
) -> None:
    """People may be there already, and nobody has told them to go."""
    system.up(1, 1)

    with pytest.raises(PartFailed, match="cluster-3 did not start"):
        system.scaling(system.late_to_fail).to(clusters=3, workers=2)

    assert system.names() == system.alive() == processes(2, 2)
    assert kept.names(system.machine.layout) == processes(2, 2)
    assert system.noted() == (2, 2)
    assert "Clusters: 2, workers of each: 2. What was ready stays." in system.lines


def test_a_cluster_that_became_ready_stays_though_one_before_it_failed(
    system: Clusters,
) -> None:
    system.up(1, 1)

    with pytest.raises(PartFailed, match="cluster-2 did not start"):
        system.scaling(system.late_to_fail_before_others).to(clusters=3)

    missing = {"cluster-2", "cluster-2-worker-1"}
    assert system.alive() == processes(3, 1) - missing
    assert kept.names(system.machine.layout) == processes(3, 1) - missing
    assert system.noted() == (3, 1)
    assert "Missing: cluster-2 and cluster-2-worker-1. The same" in system.said()
    system.scaling().to(clusters=3)
    assert system.alive() == kept.names(system.machine.layout) == processes(3, 1)


def test_what_was_being_started_when_a_scale_was_killed_is_kept(
    system: Clusters,
) -> None:
    system.up(2, 1)
    kept.remove(system.machine.layout, "cluster-2-worker-1")

    system.scaling().to(clusters=2)

    assert kept.names(system.machine.layout) == processes(2, 1)


def stopped_during(
    system: Clusters, begin: Callable[[], object], is_under_way: Callable[[], bool]
) -> list[str]:
    """Take everything down while something starts; return what that was told."""
    said: list[str] = []

    def start() -> None:
        try:
            begin()
        except Refused as error:
            said.append(str(error))

    thread = threading.Thread(target=start)
    thread.start()
    wait_until(is_under_way, within_s=30, what="a start")
    assert system.machine.native.down()
    thread.join(30)
    assert system.machine.left() == []
    return said


TAKEN_DOWN = ["EmoStream was taken down meanwhile."]


def test_a_stop_wins_over_a_growth_that_takes_its_time(system: Clusters) -> None:
    system.up(2, 1)
    scaling, layout = system.scaling(system.never_ready), system.machine.layout

    said = stopped_during(
        system,
        lambda: scaling.to(clusters=4),
        lambda: (
            processes(3, 1) | {"cluster-4"} <= system.alive()
            and processes(3, 1) <= kept.names(layout)
        ),
    )

    assert said == TAKEN_DOWN
    assert "What was ready stays." not in system.said()


def test_a_stop_wins_over_an_undrain_that_takes_its_time(system: Clusters) -> None:
    system.up(2, 1)
    system.drain("cluster-2")
    scaling = system.scaling(system.never_ready)

    said = stopped_during(
        system,
        lambda: scaling.undrain("cluster-2"),
        lambda: "cluster-2" in system.alive(),
    )

    assert said == TAKEN_DOWN


def test_a_stop_wins_over_a_start_of_all(system: Clusters) -> None:
    answers = system.machine.supervisor.answers

    said = stopped_during(
        system,
        lambda: system.up(2, 1, plan=system.never_ready),
        lambda: answers() and "cluster-2" in system.alive(),
    )

    assert said == TAKEN_DOWN


def test_a_start_after_a_stop_is_not_taken_for_unwanted(system: Clusters) -> None:
    system.up(1, 1)
    system.machine.native.down()

    system.up(1, 1)

    assert system.alive() == processes(1, 1)


def test_a_cluster_whose_going_was_cut_off_can_come_again(system: Clusters) -> None:
    system.up(3, 2)

    with pytest.raises(KeyboardInterrupt):
        system.scaling(told=CutOff("cluster-1-worker-2")).to(
            clusters=2, workers=1, spread_s=0
        )
    assert system.noted() == (2, 1)
    system.scaling().to(clusters=3)

    assert system.names() == system.alive() == processes(3, 1)
    assert drains.read(system.machine.layout) == {}
    assert system.people.told[-1] == set()


@pytest.mark.parametrize("by", ["scale", "up"])
def test_a_note_of_a_cluster_that_is_gone_goes_too(system: Clusters, by: str) -> None:
    settings = system.up(2, 1)
    drains.add(system.machine.layout, drains.as_stopped(drains.begun("cluster-3", 0)))

    if by == "up":
        system.up(2, 1)
    else:
        system.scaling().to(clusters=settings.clusters)

    assert drains.read(system.machine.layout) == {}


@pytest.mark.parametrize("by", ["scale", "up"])
def test_what_was_noted_and_not_done_is_finished(system: Clusters, by: str) -> None:
    """A scale that is killed has noted what it wants, and perhaps done some of it."""
    settings = system.up(2, 2)
    running.note(
        system.machine.layout,
        settings.model_copy(update={"clusters": 3, "workers": 1}),
    )

    if by == "up":
        system.up(2, 2)
    else:
        system.scaling().to(clusters=3, workers=1)

    assert system.names() == system.alive() == processes(3, 1)
    assert system.noted() == (3, 1)


def test_what_was_added_and_not_noted_is_taken_away_by_up(system: Clusters) -> None:
    settings = system.up(2, 1)
    system.scaling().to(clusters=3)
    running.note(system.machine.layout, settings)

    system.up(2, 1)

    assert system.names() == system.alive() == processes(2, 1)


def test_a_part_that_never_comes_or_goes_is_another_versions(system: Clusters) -> None:
    system.up(1, 1)

    def newer(settings: Settings) -> System:
        plan = system.plan(settings)
        parts = [*plan.parts, system.machine.server("collector")]
        return System(parts, is_elastic=plan.is_elastic)

    with pytest.raises(OtherVersion):
        system.scaling(newer).to(clusters=2)

    assert system.alive() == processes(1, 1)


def test_up_says_how_numbers_are_changed_in_what_runs(system: Clusters) -> None:
    system.up(1, 1)

    runs_with = system.up(2, 1)

    assert runs_with.clusters == 1
    assert "`emostream scale --clusters 2` changes that" in system.said()
    assert "To apply" not in system.said()


def test_a_start_begins_with_the_settings_numbers_again(system: Clusters) -> None:
    system.up(1, 1)
    system.scaling().to(clusters=2)
    system.machine.native.down()

    system.up(1, 1)

    assert system.names() == system.alive() == processes(1, 1)


def test_a_scale_that_was_given_up_goes_on(system: Clusters) -> None:
    system.up(3, 1)
    system.people.members, system.people.stay = {"cluster-3": 3}, {"cluster-3"}
    with pytest.raises(Refused, match="3 clients have not moved"):
        system.scaling().to(clusters=2, spread_s=0)
    assert system.alive() == processes(3, 1)

    system.people.stay.clear()
    system.scaling().to(clusters=2, spread_s=0)

    assert system.names() == system.alive() == processes(2, 1)


@pytest.mark.parametrize("by", ["scale", "take_back"])
def test_a_scale_that_was_given_up_is_taken_back(system: Clusters, by: str) -> None:
    system.up(3, 1)
    system.people.members, system.people.stay = {"cluster-3": 3}, {"cluster-3"}
    with pytest.raises(Refused):
        system.scaling().to(clusters=2, spread_s=0)

    if by == "scale":
        system.scaling().to(clusters=3)
    else:
        system.scaling().take_back()

    assert drains.read(system.machine.layout) == {}
    assert system.people.told[-1] == set()
    assert system.alive() == processes(3, 1)


def test_one_command_at_a_time_scales(system: Clusters) -> None:
    system.up(1, 1)
    with turn.taken(system.machine.layout, turn.BY_LOAD) as somebody_has_it:
        assert not somebody_has_it
        with pytest.raises(Refused, match=r"The auto-scaler \(process \d+\) has been"):
            system.scaling().to(clusters=2)
        system.scaling().take_back()  # it leaves the other one alone


@pytest.mark.parametrize("by", [turn.BY_HAND, turn.BY_START])
def test_who_scales_is_told_to_others(system: Clusters, by: str) -> None:
    system.up(1, 1)
    said: list[str] = []

    def others(settings: Settings) -> System:
        with turn.taken(system.machine.layout, turn.BY_LOAD) as somebody_has_it:
            said.append(somebody_has_it)
        return system.plan(settings)

    system.scaling(others, by=by).to(clusters=1)

    assert said[0].startswith(f"{by} (process {os.getpid()})")


def test_nothing_that_runs_is_one_sentence(system: Clusters) -> None:
    for order in (
        lambda: system.scaling().to(clusters=2),
        lambda: system.drain("cluster-1"),
        lambda: system.scaling().undrain("cluster-1"),
    ):
        with pytest.raises(Refused, match="EmoStream is not running"):
            order()


def test_a_stop_goes_layer_by_layer_though_a_whole_layer_hangs(
    system: Clusters,
) -> None:
    system.up(3, 2)
    for name, pid in system.machine.pids().items():
        if "worker" in name:
            os.kill(pid, signal.SIGSTOP)

    assert system.machine.native.down()

    assert system.machine.left() == []
    ended = [line.split()[0] for line in system.machine.events() if "ended" in line]
    assert ended[-1] == "main"
    assert {*ended[:-1]} == {"web", *(f"cluster-{number}" for number in range(1, 4))}
