"""Clients that are moved, and workers that come and go, while frames come."""

import random

import pytest

from clients.event import Lost
from tests.little_stage import Stage

CLIENTS = 50


def stage(seed: int = 0, *, clients: int = CLIENTS) -> Stage:
    """Return a stage whose clients are all in the first of two clusters."""
    made = Stage("cluster-1", "cluster-2", seed=seed)
    made.enter(clients)
    made.play()
    made.settle()
    assert {one.cluster for one in made.clients} == {"cluster-1"}
    return made


def missed(on: Stage) -> set[int]:
    """Return the frames that anybody has missed."""
    every = {*range(1, on.total + 1)}
    return {total for one in on.clients for total in every - one.totals}


def assert_all_moved(on: Stage, cluster: str = "cluster-2") -> None:
    assert {one.cluster for one in on.clients} == {cluster}
    assert not [event for one in on.clients for event in one.told if _is_lost(event)]
    assert {one.is_move for client in on.clients for one in client.joined[1:]} == {True}


def _is_lost(event: object) -> bool:
    return isinstance(event, Lost)


@pytest.mark.parametrize("seed", range(6))
def test_whoever_moves_misses_no_frame(seed: int) -> None:
    on, dice = stage(seed), random.Random(seed)
    on.lag_s = {"cluster-1": dice.random(), "cluster-2": dice.random()}

    on.move(cluster_1=2)
    for _ in range(150):
        on.play(dice.choice([0, 1, 2, 3]))
        on.pass_s(dice.choice([0.01, 0.02, 0.1]))
    on.settle()

    assert_all_moved(on)
    assert missed(on) == set()


def test_slots_change_hands_without_a_frame_missed() -> None:
    on = stage(clients=CLIENTS)
    cluster = on.clusters["cluster-1"]

    for number in range(3, 6):
        cluster.launch(f"worker-{number}")
        for _ in range(30):
            on.play(number % 3)
            on.pass_s(0.02)
    for number in (4, 1, 2, 5):
        cluster.stop(f"worker-{number}")
        for _ in range(30):
            on.play(number % 3)
            on.pass_s(0.02)
    on.settle()

    assert cluster.workers == {"worker-3"}
    assert missed(on) == set()


@pytest.mark.parametrize("seed", range(3))
def test_whoever_moves_while_slots_change_hands_misses_no_frame(seed: int) -> None:
    on, dice = stage(seed), random.Random(seed)
    workers = {name: ["worker-1", "worker-2"] for name in on.clusters}

    on.move(cluster_1=2)
    for number in range(3, 11):
        for name, cluster in on.clusters.items():
            cluster.launch(f"worker-{number}")
            cluster.stop(workers[name].pop(dice.randrange(2)))
            workers[name].append(f"worker-{number}")
        for _ in range(20):
            on.play(dice.choice([0, 1, 2]))
            on.pass_s(0.03)
    on.settle()

    assert_all_moved(on)
    assert missed(on) == set()
