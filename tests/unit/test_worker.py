from collections.abc import Callable

import pytest

from clients.parcel import Extras, Parcel
from clients.worker.herald import READY_APART_S
from clients.worker.identity import followed
from clients.worker.profiles import LITE
from clients.worker.wire import LEASE_S, JoinProblem, Membership
from clients.worker.worker import LOOK_AGAIN_S
from mosquitto import placement, topic
from tests.frames import frame
from tests.little_cluster import CLUSTER, LittleCluster

CLIENTS = [f"client-{number}" for number in range(200)]


@pytest.fixture
def cluster() -> LittleCluster:
    cluster = LittleCluster()
    cluster.start("worker-1", "worker-2", "worker-3")
    cluster.sent.clear()
    return cluster


def owner(cluster: LittleCluster, client_id: str) -> str:
    """Return the worker that serves a client, as all of them say."""
    slot = placement.slot_of(client_id)
    (name,) = (one.worker for one in cluster.statuses().values() if slot in one.slots)
    return name


def test_every_slot_has_one_worker(cluster: LittleCluster) -> None:
    served = [slot for one in cluster.statuses().values() for slot in one.slots]

    assert sorted(served) == sorted(placement.all_slots())


def test_a_join_is_answered_once_and_kept(cluster: LittleCluster) -> None:
    cluster.join("ann")

    answers = [
        one for one in cluster.sent if one.topic == topic.client_assignment("ann")
    ]
    slot = placement.slot_of("ann")
    assert [one.qos for one in answers] == [1]
    assert cluster.assignment("ann").topic == topic.relay(slot, "final", "full")
    assert cluster.assignment("ann").lease_s == LEASE_S
    assert cluster.members() == {"ann"}


def test_a_member_gets_the_frame_that_was_there_and_those_that_come(
    cluster: LittleCluster,
) -> None:
    cluster.frame(frame("final", 1, 1))
    cluster.join("ann")
    cluster.frame(frame("final", 2, 1))

    sent = [frame("final", seq, 1).encode() for seq in (1, 2)]
    assert cluster.relayed("ann") == sent


def test_a_frame_goes_once_to_a_slot_however_many_listen(
    cluster: LittleCluster,
) -> None:
    slot = placement.slot_of("ann")
    neighbours = [one for one in CLIENTS if placement.slot_of(one) == slot]
    for client_id in ("ann", *neighbours):
        cluster.join(client_id)
    cluster.sent.clear()

    cluster.frame(frame("final", 1, 1))

    relayed = [one.topic for one in cluster.sent if one.topic.startswith("relay/")]
    assert neighbours
    assert relayed == [topic.relay(slot, "final", "full")]


def test_who_joins_late_finds_the_frame_that_the_broker_has_forgotten(
    cluster: LittleCluster,
) -> None:
    cluster.frame(frame("final", 1, 1))
    cluster.join("ann")
    cluster.pass_s(90)
    place = cluster.assignment("ann").topic
    assert not cluster.retained_under(place)

    cluster.join("ann")

    assert [one.payload for one in cluster.retained_under(place)] == [
        frame("final", 1, 1).encode()
    ]


def test_an_older_frame_is_not_relayed(cluster: LittleCluster) -> None:
    cluster.join("ann")
    for seq in (2, 1, 3):
        cluster.frame(frame("final", seq, 1))

    sent = [frame("final", seq, 1).encode() for seq in (2, 3)]
    assert cluster.relayed("ann") == sent


def test_nobody_follows_a_room_without_members(cluster: LittleCluster) -> None:
    cluster.join("ann")
    cluster.leave("ann")
    cluster.sent.clear()

    cluster.frame(frame("final", 1, 1))

    assert not [one for one in cluster.sent if one.topic.startswith("relay/")]


def test_the_last_member_takes_what_was_kept_for_it_along(
    cluster: LittleCluster,
) -> None:
    cluster.frame(frame("final", 1, 1))
    cluster.join("ann")
    assert cluster.retained_under("relay/#")

    cluster.leave("ann")

    assert not cluster.retained_under("relay/#")
    assert not cluster.members()


def test_who_joins_another_room_leaves_the_one_before(cluster: LittleCluster) -> None:
    cluster.frame(frame("final", 1, 1))
    cluster.join("ann")
    cluster.join("ann", "other")

    slot = placement.slot_of("ann")
    assert not cluster.retained_under(topic.relay(slot, "final", "full"))
    assert cluster.assignment("ann").topic == topic.relay(slot, "other", "full")
    rooms = [one.rooms for one in cluster.statuses().values()]
    cluster.pass_s(1)
    rooms = [one.rooms for one in cluster.statuses().values() if one.rooms]
    assert rooms == [{"other": {"full": 1}}]


def test_a_membership_ends_with_its_lease(cluster: LittleCluster) -> None:
    cluster.join("ann")
    cluster.pass_s(LEASE_S - 1)
    assert cluster.members() == {"ann"}

    cluster.pass_s(2)
    cluster.sent.clear()
    cluster.frame(frame("final", 1, 1))

    assert not cluster.members()
    assert not [one for one in cluster.sent if one.topic.startswith("relay/")]


def test_who_joins_again_stays(cluster: LittleCluster) -> None:
    cluster.join("ann")
    cluster.pass_s(LEASE_S - 1)
    cluster.join("ann")
    cluster.pass_s(LEASE_S - 1)

    assert cluster.members() == {"ann"}


@pytest.mark.parametrize("end", ["kill", "hang"])
def test_the_others_take_over_from_one_that_is_gone(
    cluster: LittleCluster, end: str
) -> None:
    cluster.join("ann")
    cluster.frame(frame("final", 1, 1))
    gone = owner(cluster, "ann")
    getattr(cluster, end)(gone)
    cluster.frame(frame("final", 2, 1))

    cluster.pass_s(6)

    # At once, and once more when what the dead had on its way must have come.
    assert cluster.relayed("ann")[-2:] == [frame("final", 2, 1).encode()] * 2


def test_no_client_has_to_do_anything_when_a_worker_dies(
    cluster: LittleCluster,
) -> None:
    for client_id in CLIENTS:
        cluster.join(client_id)
    cluster.kill("worker-2")
    cluster.sent = [one for one in cluster.sent if one.topic.startswith("clients/")]

    cluster.frame(frame("final", 1, 1))

    assert all(cluster.relayed(one) for one in CLIENTS)


def test_one_that_was_hung_relays_nothing_that_waited_for_it(
    cluster: LittleCluster,
) -> None:
    cluster.join("ann")
    hung = owner(cluster, "ann")
    cluster.hang(hung)
    cluster.frame(frame("final", 1, 1))
    cluster.pass_s(10)
    cluster.frame(frame("final", 2, 1))
    cluster.sent = [one for one in cluster.sent if one.topic.startswith("clients/")]

    cluster.wake(hung)
    cluster.pass_s(5)

    assert set(cluster.relayed("ann")) == {frame("final", 2, 1).encode()}
    assert owner(cluster, "ann") == hung
    cluster.pass_s(1)
    assert cluster.statuses()[hung].counts["hung"] == 1


def test_a_worker_that_starts_again_knows_its_members(cluster: LittleCluster) -> None:
    for client_id in CLIENTS:
        cluster.join(client_id, room=f"room-{client_id}")
    for name in ("worker-1", "worker-2", "worker-3"):
        cluster.kill(name)
    cluster.start("worker-1", "worker-2", "worker-3")
    cluster.pass_s(2)

    told = cluster.statuses().values()
    assert sum(one.members for one in told) == len(CLIENTS)
    for client_id in CLIENTS:
        cluster.frame(frame(f"room-{client_id}", 1, 1))
    assert all(cluster.relayed(one, f"room-{one}") for one in CLIENTS)


def test_a_new_worker_does_not_give_anybody_a_longer_lease(
    cluster: LittleCluster,
) -> None:
    cluster.join("ann")
    cluster.pass_s(LEASE_S / 2)
    cluster.kill(owner(cluster, "ann"))
    cluster.pass_s(LEASE_S / 2 + 2)

    assert not cluster.members()
    assert sum(one.members for one in cluster.statuses().values()) == 0


def test_a_retained_join_is_refused_and_taken_away(cluster: LittleCluster) -> None:
    cluster.join("ann", retain=True)

    assert cluster.assignment("ann").error == JoinProblem.RETAINED
    assert not cluster.members()
    assert not cluster.retained_under(topic.client_join("ann"))


@pytest.mark.parametrize("wish", [topic.client_leave, topic.client_evict])
def test_so_is_any_other_wish(
    cluster: LittleCluster, wish: Callable[[str], str]
) -> None:
    cluster.join("ann")
    cluster.publish(Parcel(wish("ann"), b"1", retain=True))
    cluster.join("ann")

    assert cluster.members() == {"ann"}
    assert not cluster.assignment("ann").error
    assert not cluster.retained_under("clients/#")


@pytest.mark.parametrize("client_id", ["a.b", "a" * 65, "é"])
def test_nobody_can_leave_anything_with_the_broker_under_an_id_that_is_none(
    cluster: LittleCluster, client_id: str
) -> None:
    cluster.join(client_id, retain=True)

    assert not cluster.retained_under("clients/#")


def test_what_was_retained_before_there_was_a_worker_is_taken_away(
    cluster: LittleCluster,
) -> None:
    for name in ("worker-1", "worker-2", "worker-3"):
        cluster.kill(name)
    cluster.join("ann", retain=True)
    cluster.join("a.b", retain=True)

    cluster.start("worker-1")

    assert not cluster.members()
    assert not cluster.retained_under("clients/#")


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        (b"{", JoinProblem.BAD_JSON),
        (b"\xff", JoinProblem.BAD_JSON),
        (b"[" * 10_000, JoinProblem.BAD_JSON),
        (b'{"room": 1}', JoinProblem.BAD_JSON),
        (b'{"room": "a/b"}', JoinProblem.BAD_ROOM),
        (b'{"room": "+"}', JoinProblem.BAD_ROOM),
        (b'{"profile": "huge"}', JoinProblem.BAD_PROFILE),
    ],
)
def test_a_bad_join_is_told_why(
    cluster: LittleCluster, payload: bytes, problem: JoinProblem
) -> None:
    cluster.join("ann", payload=payload)

    assert cluster.assignment("ann").error == problem
    assert cluster.assignment("ann").help
    assert not cluster.members()


def test_an_empty_join_asks_for_the_main_room_in_full(cluster: LittleCluster) -> None:
    cluster.join("ann", payload=b"")

    slot = placement.slot_of("ann")
    assert cluster.assignment("ann").topic == topic.relay(slot, "main", "full")


def test_the_answer_goes_where_the_client_waits_for_it(cluster: LittleCluster) -> None:
    place = topic.client_assignment("ann") + "/7"
    cluster.join("ann", extras=Extras(reply_to=place, correlation=b"seven"))

    (answer,) = (one for one in cluster.sent if one.topic == place)
    assert answer.extras
    assert answer.extras.correlation == b"seven"


@pytest.mark.parametrize(
    "elsewhere",
    ["clients/bob/assignment", "clients/ann/assignments", "rooms/final/frame", ""],
)
def test_but_nowhere_that_is_not_its_own(
    cluster: LittleCluster, elsewhere: str
) -> None:
    cluster.join("ann", extras=Extras(reply_to=elsewhere))

    assert not [one for one in cluster.sent if one.topic == elsewhere]
    assert cluster.assignment("ann").topic
    cluster.pass_s(1)
    counts = cluster.statuses()[owner(cluster, "ann")].counts
    assert counts["replies_elsewhere"] == 1


@pytest.mark.parametrize(
    "extras",
    [
        Extras(correlation=b"x" * 1024),
        Extras(reply_to="clients/ann/assignment/" + "x" * 1024),
        Extras(reply_to="clients/ann/assignment/" + "x" * 600, correlation=b"x" * 600),
    ],
)
def test_what_makes_an_answer_too_large_for_a_packet_is_not_repeated(
    cluster: LittleCluster, extras: Extras
) -> None:
    cluster.join("ann", extras=extras)

    assert cluster.assignment("ann").topic
    (answer,) = (one for one in cluster.sent if one.qos == 1)
    assert answer.topic == topic.client_assignment("ann")
    assert answer.extras is None


def test_a_full_cluster_takes_nobody_else_but_keeps_whom_it_has() -> None:
    cluster = LittleCluster(capacity=2)
    cluster.start("worker-1", "worker-2", "worker-3")
    for client_id in CLIENTS[:2]:
        cluster.join(client_id)
        cluster.pass_s(1)
    cluster.join("ann")
    cluster.join(CLIENTS[0])

    assert cluster.assignment("ann").error == JoinProblem.FULL
    assert not cluster.assignment(CLIENTS[0]).error


def test_who_was_put_out_stays_out_for_a_while(cluster: LittleCluster) -> None:
    cluster.join("ann")
    cluster.evict("ann")
    assert cluster.assignment("ann").error == JoinProblem.EVICTED
    cluster.join("ann")

    assert cluster.assignment("ann").error == JoinProblem.EVICTED
    assert not cluster.members()


def test_lite_comes_once_a_second_and_the_last_is_never_lost(
    cluster: LittleCluster,
) -> None:
    cluster.join("ann", profile="lite")
    for seq in range(1, 10):
        cluster.frame(frame("final", seq, 1, total=seq))
        cluster.pass_s(0.25)
    cluster.pass_s(2)

    lines = cluster.relayed("ann")
    assert lines[-1] == LITE.render(frame("final", 9, 1, total=9).encode())
    assert 3 <= len(lines) <= 5


def test_a_worker_that_ends_tells_the_others(cluster: LittleCluster) -> None:
    cluster.publish(Parcel(topic.worker_status(CLUSTER, "worker-1"), retain=True))
    cluster.kill("worker-1")
    cluster.pass_s(0.25)

    served = [slot for one in cluster.statuses().values() for slot in one.slots]
    assert sorted(served) == sorted(placement.all_slots())


def test_the_spread_follows_the_size_of_the_cluster(cluster: LittleCluster) -> None:
    for client_id in CLIENTS:
        cluster.join(client_id)
    cluster.join("ann")

    assert cluster.assignment("ann").spread_s == pytest.approx(1.0)
    assert placement.spread_s(1600) == pytest.approx(10.0)


def test_an_empty_retained_join_is_nobodys_wish(cluster: LittleCluster) -> None:
    cluster.join("ann", payload=b"", retain=True)

    assert not cluster.members()


def test_what_a_hung_worker_left_behind_is_replaced_at_once(
    cluster: LittleCluster,
) -> None:
    cluster.frame(frame("final", 2, 1))
    cluster.join("ann")
    place = cluster.assignment("ann").topic
    other = next(one for one in cluster.statuses() if one != owner(cluster, "ann"))
    cluster.publish(Parcel(place, frame("final", 1, 1).encode(), retain=True))

    cluster.kill(other)

    (kept,) = cluster.retained_under(place)
    assert kept.payload == frame("final", 2, 1).encode()


def test_nobody_can_shorten_a_lease_that_was_given(cluster: LittleCluster) -> None:
    cluster.join("ann")
    kept = Parcel(
        topic.member(placement.slot_of("ann"), "ann"),
        Membership("final", "full").encode(),
        retain=True,
        extras=Extras(expires_in_s=10),
    )
    cluster.publish(kept)
    cluster.pass_s(20)
    cluster.frame(frame("final", 1, 1))

    assert cluster.relayed("ann")


def test_a_worker_follows_only_what_it_serves(cluster: LittleCluster) -> None:
    cluster.kill("worker-2")
    for client_id in CLIENTS:
        cluster.join(client_id, room=f"room-{client_id}")
    cluster.leave(CLIENTS[0])
    cluster.start("worker-2")
    cluster.pass_s(1)

    for name, status in cluster.statuses().items():
        slots = {*status.slots}
        mine = [one for one in CLIENTS[1:] if placement.slot_of(one) in slots]
        assert cluster.followed_by(name) == {
            *followed(CLUSTER),
            *(topic.member(slot, topic.ANY) for slot in slots),
            *(topic.room_frame(f"room-{one}") for one in mine),
        }


def test_a_frame_that_was_lost_on_its_way_to_the_worker_is_found(
    cluster: LittleCluster,
) -> None:
    cluster.join("ann")
    cluster.frame(frame("final", 1, 1))
    cluster.lose(frame("final", 2, 1))
    cluster.pass_s(LOOK_AGAIN_S + 2)

    assert cluster.relayed("ann")[-1] == frame("final", 2, 1).encode()


def test_who_changes_to_another_profile_while_a_line_is_owed_ends_nothing(
    cluster: LittleCluster,
) -> None:
    cluster.join("ann", profile="lite")
    cluster.frame(frame("final", 1, 1))
    cluster.frame(frame("final", 2, 1))
    cluster.leave("ann")
    cluster.join("ann")
    cluster.pass_s(2)

    assert cluster.relayed("ann")[-1] == frame("final", 2, 1).encode()


def test_so_does_a_room_that_is_taken_out_while_a_line_is_owed(
    cluster: LittleCluster,
) -> None:
    cluster.join("ann", profile="lite")
    cluster.frame(frame("final", 1, 1))
    cluster.frame(frame("final", 2, 1))
    cluster.publish(Parcel(topic.room_frame("final"), retain=True))
    cluster.pass_s(2)

    assert not cluster.retained_under("relay/#")
    cluster.frame(frame("final", 3, 1))
    assert cluster.relayed("ann")


def test_a_slot_that_comes_back_is_sent_what_it_missed_at_once(
    cluster: LittleCluster,
) -> None:
    cluster.frame(frame("final", 1, 1))
    for client_id in ("ann", *CLIENTS):
        cluster.join(client_id)
    place, mine = cluster.assignment("ann").topic, owner(cluster, "ann")
    cluster.kill(mine)
    cluster.pass_s(READY_APART_S)
    other = owner(cluster, "ann")
    cluster.start(mine)
    cluster.publish(Parcel(place, b"old", retain=True))
    cluster.kill(mine)

    (kept,) = cluster.retained_under(place)
    assert kept.payload == frame("final", 1, 1).encode()
    cluster.pass_s(READY_APART_S)
    assert owner(cluster, "ann") == other
