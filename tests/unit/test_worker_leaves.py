"""Clients that leave in the moment in which their slots change hands."""

from collections.abc import Callable

import pytest

from clients.event import CaughtUp
from clients.parcel import Parcel
from clients.worker.handover import HANDOVER_S
from clients.worker.slots import Slots
from mosquitto import placement, topic
from tests.frames import frame
from tests.little_cluster import LittleCluster, LittleLink

CLIENTS = [f"client-{number}" for number in range(100)]
WISHES = [topic.client_leave, topic.client_evict]


@pytest.fixture
def cluster() -> LittleCluster:
    """Return a cluster whose workers have members."""
    cluster = LittleCluster()
    cluster.start("worker-1", "worker-2")
    for client_id in CLIENTS:
        cluster.join(client_id)
    cluster.sent.clear()
    return cluster


def members(cluster: LittleCluster) -> int:
    """Return how many members the workers say that they have."""
    return sum(one.members for one in cluster.statuses().values())


def moved(cluster: LittleCluster, to: str) -> list[str]:
    slots = cluster.statuses()[to].slots
    return [one for one in CLIENTS if placement.slot_of(one) in slots]


@pytest.mark.parametrize("wish", WISHES)
def test_whoever_left_before_its_worker_was_stopped_is_no_member(
    cluster: LittleCluster, wish: Callable[[str], str]
) -> None:
    """Neither worker has read it yet: to the one that goes it comes too late."""
    for client_id in CLIENTS:
        cluster.publish(Parcel(wish(client_id)))
    cluster.stop("worker-1")
    cluster.pass_s(HANDOVER_S + 2)

    assert (cluster.members(), members(cluster)) == (set(), 0)


@pytest.mark.parametrize("wish", WISHES)
def test_whoever_left_while_memberships_are_on_their_way_is_no_member(
    cluster: LittleCluster, wish: Callable[[str], str]
) -> None:
    cluster.kill("worker-1", delivers=False)
    for client_id in CLIENTS:
        cluster.publish(Parcel(wish(client_id)))
    cluster.pass_s(2)

    assert (cluster.members(), members(cluster)) == (set(), 0)


def test_who_hands_over_takes_nobody_out_for_a_wish_that_was_retained(
    cluster: LittleCluster,
) -> None:
    cluster.launch("worker-3")
    cluster.deliver()
    for client_id in moved(cluster, "worker-3"):
        cluster.publish(Parcel(topic.client_leave(client_id), b"!", retain=True))
    cluster.pass_s(2)

    assert cluster.members() == {*CLIENTS}
    assert members(cluster) == len(CLIENTS)


def test_whom_its_worker_before_puts_out_late_is_no_member(
    cluster: LittleCluster,
) -> None:
    cluster.launch("worker-3")
    cluster.deliver()
    client_id = moved(cluster, "worker-3")[0]
    place = topic.member(placement.slot_of(client_id), client_id)
    cluster.publish(Parcel(place, retain=True))
    cluster.pass_s(2)

    assert members(cluster) == len(cluster.members()) == len(CLIENTS) - 1


def test_who_has_come_back_stays_though_its_worker_before_puts_it_out_late(
    cluster: LittleCluster,
) -> None:
    cluster.launch("worker-3")
    cluster.deliver()
    client_id = moved(cluster, "worker-3")[0]
    cluster.join(client_id)
    place = topic.member(placement.slot_of(client_id), client_id)
    cluster.publish(Parcel(place, retain=True))
    cluster.pass_s(2)

    assert cluster.members() == {*CLIENTS}
    assert members(cluster) == len(CLIENTS)


def test_a_relay_that_was_closed_elsewhere_is_sent_the_newest_frame_again(
    cluster: LittleCluster,
) -> None:
    cluster.frame(frame("final", 1, 1))
    cluster.launch("worker-3")
    cluster.pass_s(HANDOVER_S + 3)
    client_id = moved(cluster, "worker-3")[0]
    slot = placement.slot_of(client_id)
    for one in CLIENTS:
        if placement.slot_of(one) == slot:
            cluster.leave(one)
    cluster.kill("worker-3")
    cluster.pass_s(3)
    assert not cluster.retained_under(topic.relay(slot, "final", "full"))

    cluster.join(client_id)

    assert cluster.retained_under(topic.relay(slot, "final", "full"))


def test_a_slot_that_came_back_is_known_when_its_members_were_asked_for_again() -> None:
    cluster = LittleCluster()
    link = LittleLink(cluster, "somebody", {})
    cluster.attach(link)
    slots, mine = Slots(link), frozenset({"7"})
    for have in (mine, frozenset[str](), mine):
        slots.change(have)
    first, second = (
        one
        for one in link.waiting
        if isinstance(one, CaughtUp) and topic.member("7", "+") in one.topics
    )

    slots.hear(first)
    assert not slots.knows("7")
    slots.hear(second)
    assert slots.knows("7")
