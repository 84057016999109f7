import random
from collections import Counter

import pytest

from mosquitto.placement import (
    CONNECTS_PER_S,
    SLOTS,
    all_slots,
    ranked,
    slot_of,
    slots_of,
    spread_s,
)

CLIENTS = [f"client-{number}" for number in range(4000)]
THREE = ("worker-1", "worker-2", "worker-3")
EQUAL = {"cluster-1": 100, "cluster-2": 100, "cluster-3": 100}


def owners(*live: str) -> dict[str, str]:
    """Return who serves each slot while these live."""
    return {slot: name for name in live for slot in slots_of(name, live)}


def firsts(capacities: dict[str, int]) -> dict[str, str]:
    """Return each client's first cluster."""
    return {client: ranked(client, capacities)[0] for client in CLIENTS}


@pytest.mark.parametrize(
    ("client_id", "slot"), [("ann", "52"), ("victim", "8"), ("x" * 64, "40")]
)
def test_a_clients_slot_is_the_same_in_every_version(client_id: str, slot: str) -> None:
    assert slot_of(client_id) == slot


def test_a_slots_worker_is_the_same_in_every_version() -> None:
    assert sorted(map(int, slots_of("worker-2", THREE))) == [
        1,
        2,
        4,
        7,
        16,
        19,
        25,
        33,
        38,
        39,
        40,
        41,
        42,
        48,
        50,
        52,
        54,
        60,
        62,
    ]


def test_a_clients_clusters_are_the_same_in_every_version() -> None:
    assert ranked("ann", EQUAL) == ["cluster-1", "cluster-2", "cluster-3"]


def test_clients_spread_evenly_over_the_slots() -> None:
    in_each = Counter(map(slot_of, CLIENTS))

    assert set(in_each) == set(all_slots())
    even = len(CLIENTS) / SLOTS
    assert max(in_each.values()) < 1.6 * even
    assert min(in_each.values()) > 0.5 * even


@pytest.mark.parametrize("count", [1, 2, 3, 8, 16])
def test_every_slot_has_one_worker_and_every_worker_a_slot(count: int) -> None:
    live = [f"worker-{number}" for number in range(1, count + 1)]
    served = [slot for name in live for slot in slots_of(name, live)]

    assert sorted(served) == sorted(all_slots())
    assert set(owners(*live).values()) == set(live)


def test_no_worker_of_three_has_more_than_half_of_the_slots() -> None:
    assert max(Counter(owners(*THREE).values()).values()) < SLOTS / 2


@pytest.mark.parametrize("gone", THREE)
def test_a_worker_that_goes_moves_only_its_own_slots(gone: str) -> None:
    before = owners(*THREE)
    after = owners(*(name for name in THREE if name != gone))

    moved = {slot for slot in all_slots() if before[slot] != after[slot]}
    assert moved == slots_of(gone, THREE)


def test_a_worker_that_comes_takes_slots_only_for_itself() -> None:
    before, after = owners(*THREE), owners(*THREE, "worker-4")

    moved = {slot for slot in all_slots() if before[slot] != after[slot]}
    assert moved == slots_of("worker-4", (*THREE, "worker-4"))
    assert 0 < len(moved) < SLOTS / 2


def test_who_is_asked_and_in_which_order_changes_no_slot() -> None:
    assert owners(*THREE) == owners(*reversed(THREE))
    assert slots_of("worker-9", THREE) == frozenset()
    assert slots_of("worker-1", ()) == frozenset()


def test_clusters_of_one_capacity_are_first_equally_often() -> None:
    first = Counter(firsts(EQUAL).values())

    assert all(0.9 < 3 * count / len(CLIENTS) < 1.1 for count in first.values())


def test_a_cluster_of_twice_the_capacity_is_first_twice_as_often() -> None:
    first = Counter(firsts({"small": 100, "large": 200}).values())

    assert 1.8 < first["large"] / first["small"] < 2.2


@pytest.mark.parametrize("gone", EQUAL)
def test_a_cluster_that_goes_moves_only_its_own_clients(gone: str) -> None:
    before = firsts(EQUAL)
    rest = {name: capacity for name, capacity in EQUAL.items() if name != gone}
    after = firsts(rest)

    moved = {client for client in CLIENTS if before[client] != after[client]}
    assert moved == {client for client in CLIENTS if before[client] == gone}
    # They go to all that are left, not to one.
    assert min(Counter(after[client] for client in moved).values()) > len(moved) / 3


def test_a_cluster_that_comes_takes_clients_only_for_itself() -> None:
    before, after = firsts(EQUAL), firsts({**EQUAL, "cluster-4": 100})

    assert {after[one] for one in CLIENTS if before[one] != after[one]} == {"cluster-4"}


def test_a_cluster_that_grows_takes_clients_only_for_itself() -> None:
    before, after = firsts(EQUAL), firsts({**EQUAL, "cluster-2": 150})

    assert {after[one] for one in CLIENTS if before[one] != after[one]} == {"cluster-2"}


def test_the_order_without_a_cluster_is_the_order_of_the_rest() -> None:
    for client in CLIENTS[:100]:
        order = ranked(client, EQUAL)
        rest = {name: EQUAL[name] for name in order[1:]}
        assert ranked(client, rest) == order[1:]


def test_a_cluster_without_capacity_is_left_out() -> None:
    assert ranked("ann", {"none": 0, "less": -1, "some": 1}) == ["some"]
    assert ranked("ann", {}) == []


@pytest.mark.parametrize("members", [0, 1, CONNECTS_PER_S])
def test_few_clients_take_leave_within_a_second(members: int) -> None:
    assert spread_s(members) == 1.0


def test_many_clients_take_leave_as_fast_as_others_can_take_them() -> None:
    assert spread_s(10 * CONNECTS_PER_S) == 10.0


@pytest.mark.parametrize("members", [200, 1000, 3000])
def test_hardly_ever_do_more_than_two_hundred_come_in_a_second(members: int) -> None:
    """They come by chance: a few of a hundred storms may have such a second."""
    dice, over = random.Random(1), 0
    for _ in range(100):
        spread = spread_s(members)
        seconds = Counter(int(dice.random() * spread) for _ in range(members))
        over += max(seconds.values()) > 200

    assert over <= 5
