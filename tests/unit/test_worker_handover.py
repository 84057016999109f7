"""Workers that need long to read the members of the slots that they get."""

import math
from collections.abc import Mapping

import pytest

from clients.event import CaughtUp
from clients.parcel import Parcel
from clients.worker.handover import HANDOVER_MAX_S, HANDOVER_S, STOPS_WITHIN_S, Handover
from clients.worker.herald import READY_APART_S, STATUS_EVERY_S
from clients.worker.peers import SILENT_AFTER_S
from clients.worker.readiness import Readiness
from clients.worker.wire import BrokerAddress, WorkerStatus
from clients.worker.worker import AGAIN_AFTER_S
from mosquitto import placement, topic
from mosquitto.placement import slot_of
from stream.frame import Frame
from tests.frames import frame
from tests.little_cluster import CLUSTER, LittleCluster

CLIENTS = [f"client-{number}" for number in range(100)]
SLOW_S = 4.0
FRAME_EVERY_S = 0.5
NEVER_S = math.inf


@pytest.fixture
def cluster() -> LittleCluster:
    """Return a cluster whose two workers have members."""
    cluster = LittleCluster()
    cluster.start("worker-1", "worker-2")
    for client_id in CLIENTS:
        cluster.join(client_id)
    cluster.pass_s(1)
    cluster.sent.clear()
    return cluster


def play(cluster: LittleCluster, seconds: float) -> set[int]:
    """Let frames come for a while; return what each says."""
    totals = set()
    for _ in range(round(seconds / FRAME_EVERY_S)):
        total = round(cluster.now_s / FRAME_EVERY_S)
        cluster.frame(frame("final", total, total, total=total))
        totals.add(total)
        cluster.pass_s(FRAME_EVERY_S)
    return totals


def relayed(cluster: LittleCluster) -> dict[str, set[int]]:
    """Return the frames that were relayed to each slot since it was last forgotten."""
    came: dict[str, set[int]] = {slot_of(one): set() for one in CLIENTS}
    for one in cluster.sent:
        if one.topic.startswith("relay/") and one.payload:
            slot = one.topic.split("/")[1]
            came[slot].add(Frame.decode(one.payload).total)
    return came


def missed(cluster: LittleCluster, totals: set[int]) -> int:
    """Return how many frames the worst off has missed."""
    return max(len(totals - came) for came in relayed(cluster).values())


def to_be_had(name: str, *live: str) -> frozenset[str]:
    """Return the slots with members that a worker is to have while these live."""
    return placement.slots_of(name, live) & {slot_of(one) for one in CLIENTS}


def named(cluster: LittleCluster, name: str) -> set[str]:
    return {*cluster.statuses()[name].slots}


def relays(cluster: LittleCluster) -> int:
    """Return how often a frame that comes now is relayed."""
    cluster.sent.clear()
    cluster.frame(frame("final", round(cluster.now_s * 100), 1))
    return sum(one.topic.startswith("relay/") for one in cluster.sent)


@pytest.mark.parametrize(
    "lags_s", [{"members": SLOW_S}, {"rooms": SLOW_S}, {"members": 2.0, "rooms": 2.0}]
)
def test_a_new_worker_that_is_slow_costs_nobody_a_frame(
    cluster: LittleCluster, lags_s: Mapping[str, float]
) -> None:
    """It may be slow to read the members, or to follow their rooms after that."""
    cluster.launch("worker-3", **lags_s)
    totals = play(cluster, 2 * SLOW_S)

    assert missed(cluster, totals) == 0
    assert relays(cluster) == len(relayed(cluster))


def test_its_status_names_the_slots_when_it_serves_them_and_not_before(
    cluster: LittleCluster,
) -> None:
    cluster.launch("worker-3", members=1.5, rooms=1.0)
    everybody = ("worker-1", "worker-2", "worker-3")
    cluster.pass_s(2.25)
    assert not named(cluster, "worker-3") & to_be_had("worker-3", *everybody)

    cluster.pass_s(0.5)

    assert named(cluster, "worker-3") == placement.slots_of("worker-3", everybody)


def test_a_slot_whose_members_have_left_waits_for_no_room(
    cluster: LittleCluster,
) -> None:
    cluster.launch("worker-3", rooms=NEVER_S)
    cluster.pass_s(1)
    everybody = ("worker-1", "worker-2", "worker-3")
    assert not named(cluster, "worker-3") & to_be_had("worker-3", *everybody)

    for client_id in CLIENTS:
        cluster.leave(client_id)
    cluster.pass_s(1)

    assert named(cluster, "worker-3") == placement.slots_of("worker-3", everybody)


def test_who_leaves_does_not_take_along_what_members_get_that_are_not_known_yet(
    cluster: LittleCluster,
) -> None:
    cluster.launch("worker-3", members=SLOW_S)
    play(cluster, 1)
    slots = to_be_had("worker-3", "worker-1", "worker-2", "worker-3")
    come = [one for one in map("late-{}".format, range(100)) if slot_of(one) in slots]
    for client_id in come:
        cluster.join(client_id)
        cluster.leave(client_id)

    assert come
    kept = cluster.retained_under("relay/#")
    assert len(kept) == len(relayed(cluster))


def test_what_is_ready_sooner_is_named_with_the_next_status(
    cluster: LittleCluster,
) -> None:
    cluster.launch("worker-3")
    cluster.slow_down("worker-3", **{"members/1": SLOW_S})
    cluster.pass_s(STATUS_EVERY_S + 0.5)

    late = {slot for slot in placement.all_slots() if slot.startswith("1")}
    everybody = ("worker-1", "worker-2", "worker-3")
    mine = placement.slots_of("worker-3", everybody)
    assert mine & late
    assert named(cluster, "worker-3") == mine - late


def test_until_then_the_worker_before_says_that_it_has_them_no_more(
    cluster: LittleCluster,
) -> None:
    cluster.launch("worker-3", members=SLOW_S)
    cluster.pass_s(1)

    said = [slot for one in cluster.statuses().values() for slot in one.slots]
    everybody = ("worker-1", "worker-2", "worker-3")
    gone = placement.slots_of("worker-3", everybody)
    assert sorted(said) == sorted({*placement.all_slots()} - gone)


def test_a_worker_that_never_reads_its_members_is_helped_for_ten_seconds(
    cluster: LittleCluster,
) -> None:
    cluster.launch("worker-3", members=NEVER_S)
    cluster.deliver()
    slots = len(relayed(cluster))
    theirs = to_be_had("worker-3", "worker-1", "worker-2", "worker-3")

    cluster.pass_s(HANDOVER_MAX_S - 0.25)
    assert relays(cluster) == slots
    cluster.pass_s(0.5)
    assert relays(cluster) == slots - len(theirs) < slots


@pytest.mark.parametrize("members_s", [0.5, 1.5])
def test_a_worker_that_is_stopped_relays_until_its_peer_has_read_the_members(
    cluster: LittleCluster, members_s: float
) -> None:
    cluster.slow_down("worker-2", members=members_s)
    cluster.stop("worker-1")
    totals = play(cluster, max(members_s, HANDOVER_S))
    cluster.pass_s(0.25)
    assert cluster.workers == {"worker-2"}

    totals |= play(cluster, 2)
    assert missed(cluster, totals) == 0


def test_but_not_until_it_would_be_killed(cluster: LittleCluster) -> None:
    cluster.slow_down("worker-2", members=NEVER_S)
    cluster.stop("worker-1")
    cluster.pass_s(STOPS_WITHIN_S - 0.25)
    assert cluster.workers == {"worker-1", "worker-2"}

    cluster.pass_s(0.5)

    assert cluster.workers == {"worker-2"}


def test_what_it_was_handing_over_before_it_is_stopped_does_not_keep_it_longer(
    cluster: LittleCluster,
) -> None:
    cluster.launch("worker-3", members=NEVER_S)
    cluster.pass_s(1)
    cluster.stop("worker-1")
    cluster.pass_s(STOPS_WITHIN_S + 0.25)

    assert cluster.workers == {"worker-2", "worker-3"}


@pytest.mark.parametrize("dies_after_s", [3, HANDOVER_MAX_S - 1])
def test_when_the_new_worker_dies_slots_come_back_without_a_frame_missed(
    cluster: LittleCluster, dies_after_s: float
) -> None:
    """They are begun anew, and relayed as before until that is done."""
    for name in ("worker-1", "worker-2"):
        cluster.slow_down(name, members=SLOW_S)
    cluster.launch("worker-3", members=NEVER_S)
    totals = play(cluster, dies_after_s)
    cluster.kill("worker-3")
    totals |= play(cluster, SLOW_S + 3)

    assert missed(cluster, totals) == 0
    assert relays(cluster) == len(relayed(cluster))


def test_when_the_new_worker_dies_whoever_gets_the_slots_next_counts(
    cluster: LittleCluster,
) -> None:
    cluster.launch("worker-3", members=NEVER_S)
    totals = play(cluster, 2)
    cluster.launch("worker-4", members=SLOW_S)
    totals |= play(cluster, 2)
    cluster.kill("worker-3")
    totals |= play(cluster, SLOW_S + 2)

    assert to_be_had("worker-3", "worker-1", "worker-2", "worker-3") & (
        to_be_had("worker-4", "worker-1", "worker-2", "worker-4")
    )
    assert missed(cluster, totals) == 0
    assert relays(cluster) == len(relayed(cluster))


def say(cluster: LittleCluster, name: str, slots: frozenset[str]) -> None:
    """Say a status for a worker that is not there."""
    status = WorkerStatus(
        cluster=CLUSTER,
        worker=name,
        at_ms=0,
        started_ms=0,
        broker=BrokerAddress(CLUSTER, 1, 2),
        capacity=1000,
        slots=tuple(slots),
        members=0,
        rooms={},
        rooms_in_all=0,
        counts={},
    )
    place = topic.worker_status(CLUSTER, name)
    cluster.publish(Parcel(place, status.encode(), qos=1, retain=True))
    cluster.deliver()


def test_one_that_names_its_slots_at_once_is_helped_for_a_second(
    cluster: LittleCluster,
) -> None:
    """So does a worker of an older version, and one that has them already."""
    slots = len(relayed(cluster))
    live = ("worker-1", "worker-2", "worker-9")
    theirs = to_be_had("worker-9", *live)
    say(cluster, "worker-9", placement.slots_of("worker-9", live))
    cluster.pass_s(HANDOVER_S - 0.25)
    assert relays(cluster) == slots

    cluster.pass_s(0.5)

    assert relays(cluster) == slots - len(theirs) < slots


def test_what_a_worker_said_before_is_replaced_by_what_it_says_now(
    cluster: LittleCluster,
) -> None:
    slots = len(relayed(cluster))
    live = ("worker-1", "worker-2", "worker-9")
    say(cluster, "worker-9", placement.slots_of("worker-9", live))
    say(cluster, "worker-9", frozenset())
    cluster.pass_s(HANDOVER_S + 0.5)

    assert relays(cluster) == slots


@pytest.mark.parametrize("is_silent", [True, False])
def test_what_the_dead_had_said_counts_no_more(
    cluster: LittleCluster, *, is_silent: bool
) -> None:
    """It named the slots that another one is to have now."""
    live = ("worker-1", "worker-2", "worker-9")
    theirs = placement.slots_of("worker-9", live)
    say(cluster, "worker-9", theirs)
    if is_silent:
        cluster.pass_s(SILENT_AFTER_S + 0.25)
    else:
        cluster.publish(Parcel(topic.worker_status(CLUSTER, "worker-9"), retain=True))
    cluster.pass_s(HANDOVER_S)
    cluster.launch("worker-3", members=SLOW_S)
    totals = play(cluster, SLOW_S + 4)

    assert theirs & to_be_had("worker-3", "worker-1", "worker-2", "worker-3")
    assert missed(cluster, totals) == 0


def test_what_was_late_is_replaced_when_the_new_worker_has_been_ready_for_a_while(
    cluster: LittleCluster,
) -> None:
    cluster.launch("worker-3", members=AGAIN_AFTER_S + 1.5)
    play(cluster, AGAIN_AFTER_S + 2.5)
    place = next(one for one in cluster.sent if one.topic.startswith("relay/"))
    (kept,) = cluster.retained_under(place.topic)
    slot = min(to_be_had("worker-3", "worker-1", "worker-2", "worker-3"))
    late = topic.relay(slot, "final", "full")
    cluster.publish(Parcel(late, frame("final", 1, 1).encode(), retain=True))
    cluster.pass_s(AGAIN_AFTER_S)

    (now,) = cluster.retained_under(late)
    assert now.payload == kept.payload


@pytest.mark.parametrize("comes", [True, False])
def test_members_count_as_before_until_the_new_worker_has_counted_them(
    *, comes: bool
) -> None:
    cluster = LittleCluster()
    cluster.start("worker-1", "worker-2")
    for number in range(600):
        cluster.join(f"client-{number}")
    cluster.pass_s(3)
    if comes:
        cluster.launch("worker-3", members=SLOW_S)
    else:
        cluster.slow_down("worker-1", members=SLOW_S)
        cluster.kill("worker-2")
    cluster.pass_s(AGAIN_AFTER_S + 0.5)
    cluster.sent.clear()
    cluster.frame(frame("final", 1, 1))

    sent = (one for one in cluster.sent if one.topic.startswith("relay/"))
    assert {one.extras and one.extras.spread_s for one in sent} == {4.0}


def test_that_all_is_ready_is_not_said_ten_times_a_second(
    cluster: LittleCluster,
) -> None:
    for _ in range(10):
        say(cluster, "worker-9", frozenset())
        cluster.publish(Parcel(topic.worker_status(CLUSTER, "worker-9"), retain=True))
        cluster.deliver()

    place = topic.worker_status(CLUSTER, "worker-1")
    said = [one for one in cluster.sent if one.topic == place]
    # Each time that it loses slots or gets them, and once that it is ready.
    assert len(said) == 2 * 10 + 1
    cluster.pass_s(READY_APART_S)
    mine = placement.slots_of("worker-1", ("worker-1", "worker-2"))
    assert named(cluster, "worker-1") == mine


def test_a_handing_over_ends_once() -> None:
    handover = Handover()
    handover.begin(frozenset({"1", "2"}), 10)

    assert not handover.end(frozenset({"1"}), 10.75)
    assert handover.end(frozenset({"1"}), 11) == {"1"}
    assert handover.slots == {"2"}
    assert not handover.end(frozenset({"1"}), 19.75)
    assert handover.end(frozenset(), 20) == {"2"}
    assert not handover.end(frozenset({"2"}), 30)


def test_all_get_as_much_time_again_when_who_lives_has_changed() -> None:
    handover = Handover()
    handover.begin(frozenset({"1", "2"}), 10)
    handover.begin(frozenset({"3"}), 19)

    assert handover.end(frozenset({"1", "3"}), 19.5) == {"1"}
    assert not handover.end(frozenset(), 28)
    assert handover.end(frozenset(), 29) == {"2", "3"}


def came(place: str, wish: int) -> CaughtUp:
    return CaughtUp(0, frozenset({place}), wish)


def test_a_slot_waits_for_its_rooms_as_they_were_asked_for_last() -> None:
    readiness, final = Readiness(), topic.room_frame("final")
    readiness.follow("final", 3)
    readiness.unfollow("final")
    readiness.follow("final", 5)
    readiness.know("7")

    readiness.hear(came(final, 4))
    assert not readiness.slots
    readiness.hear(came(final, 5))
    assert readiness.slots == {"7"}


def test_a_slot_does_not_wait_for_a_room_that_nobody_wants_or_that_came_later() -> None:
    readiness = Readiness()
    readiness.follow("final", 1)
    readiness.know("7")
    readiness.follow("other", 2)
    readiness.unfollow("final")

    assert readiness.slots == {"7"}
    readiness.forget({"7"})
    assert not readiness.slots
