"""A cluster that is to be left, and workers that come and go in order."""

import pytest

from clients.parcel import Parcel
from clients.worker.handover import HANDOVER_S
from clients.worker.usage import Usage
from clients.worker.wire import LEASE_S, JoinProblem, Move, Moves
from clients.worker.worker import AGAIN_AFTER_S, LOOK_AGAIN_S
from mosquitto import placement, topic
from tests.frames import frame
from tests.little_cluster import CLUSTER, LittleCluster, LittleLink

CLIENTS = [f"client-{number}" for number in range(100)]


@pytest.fixture
def cluster() -> LittleCluster:
    cluster = LittleCluster()
    cluster.start("worker-1", "worker-2")
    cluster.sent.clear()
    return cluster


def drains(cluster: LittleCluster) -> set[bool]:
    return {one.is_draining for one in cluster.statuses().values()}


def owner(cluster: LittleCluster, client_id: str) -> str:
    slot = placement.slot_of(client_id)
    (name,) = (one.worker for one in cluster.statuses().values() if slot in one.slots)
    return name


def relays(cluster: LittleCluster) -> int:
    """Return how often a frame was relayed."""
    return sum(one.topic.startswith("relay/") for one in cluster.sent)


def test_a_cluster_that_is_to_be_left_takes_nobody_new(cluster: LittleCluster) -> None:
    cluster.join("ann")
    cluster.move(cluster_1=30, cluster_7=1)
    cluster.join("bob")

    assert cluster.assignment("bob").error == JoinProblem.DRAINING
    assert cluster.assignment("bob").help
    assert cluster.members() == {"ann"}
    assert drains(cluster) == {True}


def test_whom_it_has_it_serves_until_they_go(cluster: LittleCluster) -> None:
    cluster.join("ann")
    cluster.move(cluster_1=30)
    cluster.pass_s(LEASE_S - 1)
    cluster.sent.clear()
    cluster.join("ann")
    cluster.pass_s(LEASE_S - 1)
    cluster.frame(frame("final", 1, 1))

    assert not cluster.assignment("ann").error
    assert cluster.members() == {"ann"}
    assert cluster.relayed("ann")


@pytest.mark.parametrize("clusters", [{}, {"cluster_2": 30}])
def test_when_it_is_not_to_be_left_any_more_it_takes_clients(
    cluster: LittleCluster, clusters: dict[str, float]
) -> None:
    cluster.move(cluster_1=30)
    cluster.move(**clusters)
    cluster.join("bob")

    assert cluster.members() == {"bob"}
    assert drains(cluster) == {False}


def test_a_word_that_was_lost_is_asked_for(cluster: LittleCluster) -> None:
    raw = Moves({CLUSTER: Move(30)}).encode()
    cluster.keep(Parcel(topic.CONTROL_MOVE, raw, retain=True))
    cluster.pass_s(LOOK_AGAIN_S + 1)

    assert drains(cluster) == {True}


def test_that_nothing_is_said_any_more_means_the_same(cluster: LittleCluster) -> None:
    cluster.move(cluster_1=30)
    cluster.publish(Parcel(topic.CONTROL_MOVE, retain=True))
    cluster.deliver()

    assert drains(cluster) == {False}


def test_what_cannot_be_read_changes_nothing(cluster: LittleCluster) -> None:
    cluster.move(cluster_1=30)
    cluster.publish(Parcel(topic.CONTROL_MOVE, b"{"))
    cluster.pass_s(2)

    assert drains(cluster) == {True}
    assert {one.counts["unreadable"] for one in cluster.statuses().values()} == {1}


def test_a_worker_that_starts_knows_it_before_it_takes_anybody(
    cluster: LittleCluster,
) -> None:
    cluster.move(cluster_1=30)
    for name in ("worker-1", "worker-2"):
        cluster.kill(name)
    cluster.sent.clear()
    cluster.launch("worker-1")
    cluster.join("bob")
    cluster.pass_s(1)
    cluster.join("bob")

    answers = [one for one in cluster.sent if one.topic.startswith("clients/bob/a")]
    assert cluster.assignment("bob").error == JoinProblem.DRAINING
    assert len(answers) == 1
    said = [one for one in cluster.sent if one.topic.startswith("workers/")]
    assert said
    assert b'"is_draining":false' not in b"".join(one.payload for one in said)
    assert drains(cluster) == {True}


def test_a_worker_waits_for_the_word_also_if_it_comes_after_the_others_statuses(
    cluster: LittleCluster,
) -> None:
    cluster.move(cluster_1=30)
    for name in ("worker-1", "worker-2"):
        cluster.kill(name)
    cluster.launch("worker-1")
    cluster.delay_caught_up("worker-1", topic.CONTROL_MOVE)
    cluster.pass_s(1)

    assert not cluster.statuses()


def test_who_renews_at_a_worker_that_does_not_know_it_yet_is_not_sent_away(
    cluster: LittleCluster,
) -> None:
    """It asks again; by then the membership has been read."""
    for client_id in CLIENTS:
        cluster.join(client_id)
    cluster.move(cluster_1=30)
    cluster.sent.clear()
    cluster.kill("worker-1", delivers=False)
    for client_id in CLIENTS:
        cluster.publish(Parcel(topic.client_join(client_id)))
    cluster.deliver()

    answers = [one for one in cluster.sent if one.topic.endswith("/assignment")]
    assert not [one for one in answers if b"error" in one.payload]
    assert len(cluster.members()) == len(CLIENTS)


def test_so_it_is_with_a_cluster_that_is_full() -> None:
    cluster = LittleCluster(capacity=len(CLIENTS))
    cluster.start("worker-1", "worker-2")
    for client_id in CLIENTS:
        cluster.join(client_id)
        cluster.pass_s(0.25)
    cluster.sent.clear()
    cluster.kill("worker-1", delivers=False)
    for client_id in CLIENTS:
        cluster.publish(Parcel(topic.client_join(client_id)))
    cluster.deliver()

    assert not [one for one in cluster.sent if b"full." in one.payload]


def spreads(cluster: LittleCluster) -> set[float | None]:
    """Return what frames said that were relayed."""
    relayed = (one for one in cluster.sent if one.topic.startswith("relay/"))
    return {one.extras.spread_s for one in relayed if one.extras}


def test_a_new_worker_and_the_one_before_both_relay_for_a_moment(
    cluster: LittleCluster,
) -> None:
    for client_id in CLIENTS:
        cluster.join(client_id)
    slots = len({placement.slot_of(one) for one in CLIENTS})
    cluster.launch("worker-3")
    cluster.deliver()
    cluster.sent.clear()

    cluster.frame(frame("final", 1, 1))
    handed = len(
        {placement.slot_of(one) for one in CLIENTS if owner(cluster, one) == "worker-3"}
    )
    assert handed
    assert relays(cluster) == slots + handed

    cluster.pass_s(HANDOVER_S + 0.25)
    cluster.sent.clear()
    cluster.frame(frame("final", 2, 1))
    assert relays(cluster) == slots


def test_members_of_a_slot_that_is_handed_over_are_counted_by_its_new_worker(
    cluster: LittleCluster,
) -> None:
    for client_id in CLIENTS:
        cluster.join(client_id, room=f"room-{client_id}")
    cluster.launch("worker-3")
    cluster.deliver()

    for name in ("worker-1", "worker-2"):
        told = cluster.statuses()[name]
        mine = [one for one in CLIENTS if owner(cluster, one) == name]
        assert told.members == told.rooms_in_all == len(told.rooms) == len(mine)


def test_who_hands_over_answers_no_join_and_keeps_no_membership(
    cluster: LittleCluster,
) -> None:
    for client_id in CLIENTS:
        cluster.join(client_id)
    cluster.start("worker-3")
    cluster.sent.clear()
    for client_id in CLIENTS:
        cluster.join(client_id)
        cluster.leave(client_id)

    answers = [one for one in cluster.sent if one.topic.endswith("/assignment")]
    assert len(answers) == len(CLIENTS)
    assert not cluster.members()


def test_what_was_handed_over_is_followed_no_more(cluster: LittleCluster) -> None:
    for client_id in CLIENTS:
        cluster.join(client_id, room=f"room-{client_id}")
    cluster.start("worker-3")
    moved = [one for one in CLIENTS if owner(cluster, one) == "worker-3"]
    rooms = {topic.room_frame(f"room-{one}") for one in moved}
    others = cluster.followed_by("worker-1") | cluster.followed_by("worker-2")
    assert rooms <= others

    cluster.pass_s(HANDOVER_S)

    others = cluster.followed_by("worker-1") | cluster.followed_by("worker-2")
    assert not rooms & others


def test_a_slot_that_comes_back_at_once_is_begun_anew(cluster: LittleCluster) -> None:
    """What the other has changed meanwhile is known, and no frame is missed."""
    for client_id in CLIENTS:
        cluster.join(client_id)
    cluster.launch("worker-3")
    cluster.deliver()
    moved = [one for one in CLIENTS if owner(cluster, one) == "worker-3"]
    slot = placement.slot_of(moved[0])
    gone = [one for one in moved if placement.slot_of(one) == slot]
    for client_id in gone:
        cluster.leave(client_id)
    cluster.kill("worker-3")
    cluster.frame(frame("final", 1, 1))
    cluster.pass_s(HANDOVER_S + 0.25)
    cluster.sent.clear()

    cluster.frame(frame("final", 2, 1))

    served = {one.topic for one in cluster.sent if one.topic.startswith("relay/")}
    rest = {placement.slot_of(one) for one in {*CLIENTS} - {*gone}}
    assert served == {topic.relay(one, "final", "full") for one in rest}
    assert slot not in rest


def test_a_worker_that_is_stopped_relays_until_the_others_do(
    cluster: LittleCluster,
) -> None:
    for client_id in CLIENTS:
        cluster.join(client_id)
    cluster.sent.clear()
    cluster.stop("worker-1")
    assert cluster.workers == {"worker-1", "worker-2"}
    (farewell,) = (one for one in cluster.sent if one.topic.startswith("workers/"))
    assert (farewell.payload, farewell.qos, farewell.retain) == (b"", 1, True)
    cluster.sent.clear()
    cluster.frame(frame("final", 1, 1))
    twice = relays(cluster)

    cluster.pass_s(HANDOVER_S + 0.25)

    assert cluster.workers == {"worker-2"}
    assert {*cluster.statuses()} == {"worker-2"}
    assert twice > len({placement.slot_of(one) for one in CLIENTS})


def test_a_worker_that_is_stopped_has_no_members_any_more(
    cluster: LittleCluster,
) -> None:
    cluster.stop("worker-1")
    cluster.deliver()
    cluster.sent.clear()
    for client_id in CLIENTS:
        cluster.join(client_id)

    answers = [one for one in cluster.sent if one.topic.endswith("/assignment")]
    assert len(answers) == len(CLIENTS)


def test_a_worker_that_is_alone_ends_at_once(cluster: LittleCluster) -> None:
    cluster.stop("worker-1")
    cluster.pass_s(HANDOVER_S + 0.25)
    cluster.join("ann")

    cluster.stop("worker-2")

    assert cluster.workers == set()
    assert not cluster.statuses()


def test_all_that_are_stopped_together_end_at_once(cluster: LittleCluster) -> None:
    for name in ("worker-1", "worker-2"):
        cluster.stop(name)
    cluster.deliver()

    cluster.tick()
    assert cluster.workers == set()


def test_one_that_hangs_while_it_hands_over_begins_anew(cluster: LittleCluster) -> None:
    for client_id in CLIENTS:
        cluster.join(client_id, room=f"room-{client_id}")
    cluster.launch("worker-3")
    cluster.deliver()
    cluster.hang("worker-1")
    cluster.pass_s(6)

    cluster.wake("worker-1")
    cluster.pass_s(0.25)

    rooms = {
        topic.room_frame(f"room-{one}")
        for one in CLIENTS
        if owner(cluster, one) != "worker-1"
    }
    assert not rooms & cluster.followed_by("worker-1")


def test_one_that_was_long_behind_does_not_relay_what_is_old_by_now(
    cluster: LittleCluster,
) -> None:
    for client_id in CLIENTS:
        cluster.join(client_id)
    cluster.hang("worker-1")
    cluster.start("worker-3")
    for seq in (1, 2):
        cluster.frame(frame("final", seq, 1))
    cluster.pass_s(2.5)
    slots = {*cluster.statuses()["worker-3"].slots}
    moved = [one for one in CLIENTS if placement.slot_of(one) in slots]
    cluster.sent = [one for one in cluster.sent if "/assignment" in one.topic]

    cluster.wake("worker-1")

    assert moved
    assert not any(cluster.relayed(one) for one in moved)


def test_each_relayed_frame_says_over_how_long_the_cluster_spreads_out() -> None:
    cluster = LittleCluster(capacity=10_000)
    cluster.start("worker-1", "worker-2")
    everybody = [f"client-{number}" for number in range(600)]
    link = LittleLink(cluster, "somebody", {})
    cluster.attach(link)
    cluster.join("ann")
    link.follow(cluster.assignment("ann").topic)
    for client_id in everybody:
        cluster.join(client_id)
    cluster.pass_s(2)
    link.waiting.clear()

    cluster.frame(frame("final", 1, 1))

    assert cluster.assignment("ann").spread_s == 1.0
    relayed = [getattr(event, "spread_s", None) for event in link.waiting]
    assert relayed == [4.0]  # 601 members, 160 a second, to half a second


def test_while_slots_change_hands_the_members_from_before_count() -> None:
    cluster = LittleCluster()
    cluster.start("worker-1", "worker-2")
    everybody = [f"client-{number}" for number in range(600)]
    for client_id in everybody:
        cluster.join(client_id)
    cluster.pass_s(2)

    cluster.stop("worker-1")
    cluster.sent.clear()
    cluster.frame(frame("final", 1, 1))
    assert spreads(cluster) == {4.0}

    for client_id in everybody[200:]:
        cluster.leave(client_id)
    cluster.pass_s(AGAIN_AFTER_S + 0.25)
    cluster.sent.clear()
    cluster.frame(frame("final", 2, 1))
    assert spreads(cluster) == {1.5}


def test_a_status_says_how_busy_the_worker_was(cluster: LittleCluster) -> None:
    for passed_s in range(1, 5):
        cluster.cpu_s = passed_s * 0.25
        cluster.pass_s(1)

    assert {one.busy for one in cluster.statuses().values()} == {0.25}


def test_what_was_used_within_a_moment_is_counted_with_what_follows() -> None:
    used = {0.0: 0.0, 1.0: 0.25, 1.1: 0.35, 2.0: 0.75, 4.0: 0.75}
    moments = [*used]
    usage = Usage(lambda: used[moments[0]])
    busy = []
    while moments:
        busy.append(usage.busy(moments[0]))
        moments.pop(0)

    assert busy == [0, 0.25, 0.25, 0.5, 0]


def test_an_assignment_names_the_cluster(cluster: LittleCluster) -> None:
    cluster.join("ann")

    assert cluster.assignment("ann").cluster == CLUSTER
