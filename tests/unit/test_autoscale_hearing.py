"""What the auto-scaler knows of the load; statuses as workers send them."""

import pytest

from clients.event import CaughtUp, Connected, Event, Lost, Message, Tick
from clients.worker.peers import SILENT_AFTER_S
from clients.worker.wire import BrokerAddress, WorkerStatus
from compose.scaling.hearing import FOLLOWED, Hearing
from compose.scaling.load import Cluster, Size
from mosquitto.topic import cluster_link, room_frame, worker_status

TWO = Size(("cluster-1", "cluster-2"), workers=2)


def message(topic: str, payload: bytes, at_s: float = 0) -> Message:
    return Message(at_s, topic, payload, retained=True, bridge_ms=None, here_ms=0)


def linked(cluster: str = "cluster-1", payload: bytes = b"1") -> Message:
    return message(cluster_link(cluster), payload)


def status(  # noqa: PLR0913 - each is one thing that a test may say
    worker: str = "worker-1",
    cluster: str = "cluster-1",
    *,
    at_s: float = 0,
    members: int = 0,
    capacity: int = 500,
    busy: float = 0.5,
    draining: bool = False,
) -> Message:
    told = WorkerStatus(
        cluster=cluster,
        worker=worker,
        at_ms=round(at_s * 1000),
        started_ms=0,
        broker=BrokerAddress("a.example", 1885, 9885),
        capacity=capacity,
        is_draining=draining,
        busy=busy,
        slots=(),
        members=members,
        rooms={},
        rooms_in_all=0,
        counts={},
    )
    return message(worker_status(cluster, worker), told.encode(), at_s)


def after(*events: Event) -> Hearing:
    hearing = Hearing()
    for event in (Connected(0), *events, CaughtUp(0, FOLLOWED | {"more"})):
        hearing.take(event)
    return hearing


def first(hearing: Hearing, size: Size = TWO, now_s: float = 0) -> Cluster:
    return hearing.load(size, now_s).clusters[0]


def test_a_cluster_is_what_its_workers_say_together() -> None:
    hearing = after(
        linked(),
        status("worker-1", members=100, busy=0.2),
        status("worker-2", members=150, busy=0.9),
    )

    assert first(hearing) == Cluster(
        "cluster-1", 250, 500, {"worker-1": 0.2, "worker-2": 0.9}
    )


def test_every_cluster_that_should_be_there_is_named_in_order() -> None:
    seen = after(linked("cluster-2"), status(cluster="cluster-2")).load(TWO, 0)

    assert [one.name for one in seen.clusters] == ["cluster-1", "cluster-2"]
    assert [one.is_known for one in seen.clusters] == [False, True]
    assert seen.workers == 2


def test_a_cluster_that_should_not_be_there_is_not_seen() -> None:
    seen = after(linked("cluster-9"), status(cluster="cluster-9")).load(TWO, 0)

    assert [one.name for one in seen.clusters] == ["cluster-1", "cluster-2"]


@pytest.mark.parametrize(
    "events",
    [
        pytest.param((status(),), id="its link was never there"),
        pytest.param((linked(),), id="no worker was heard"),
        pytest.param((status(), linked(payload=b"0")), id="its link is down"),
        pytest.param((linked(), status(), linked(payload=b"")), id="no link any more"),
        pytest.param(
            (linked(), status(), message(worker_status("cluster-1", "worker-1"), b"")),
            id="its worker is gone",
        ),
        pytest.param(
            (linked(), message(worker_status("cluster-1", "worker-1"), b"{")),
            id="nobody can read it",
        ),
    ],
)
def test_of_a_cluster_that_is_not_surely_there_nothing_is_known(
    events: tuple[Event, ...],
) -> None:
    assert first(after(*events)) == Cluster("cluster-1")


def test_a_worker_that_is_silent_is_not_counted() -> None:
    late_s = SILENT_AFTER_S + 1
    hearing = after(
        linked(), status("worker-1", members=5), status("worker-2", at_s=late_s)
    )

    assert [*first(hearing, now_s=late_s).busy] == ["worker-2"]
    assert first(hearing, now_s=late_s).members == 0


def test_a_silence_of_three_seconds_is_none() -> None:
    assert first(after(linked(), status()), now_s=SILENT_AFTER_S).is_known


def test_the_newest_capacity_holds() -> None:
    hearing = after(
        linked(),
        status("worker-2", at_s=1, capacity=800),
        status("worker-1", at_s=0, capacity=500),
    )

    assert first(hearing).capacity == 800


def test_nothing_is_known_before_all_that_is_retained_has_come() -> None:
    hearing = Hearing()
    for event in (Connected(0), linked(), status(), CaughtUp(0, frozenset({"x"}))):
        hearing.take(event)

    assert not first(hearing).is_known
    hearing.take(CaughtUp(0, FOLLOWED))
    assert first(hearing).is_known


@pytest.mark.parametrize("event", [Lost(1, "main is gone"), Connected(1)])
@pytest.mark.parametrize(
    "again",
    [
        pytest.param((CaughtUp(1, FOLLOWED), linked()), id="no status"),
        pytest.param((CaughtUp(1, FOLLOWED), status()), id="no link"),
        pytest.param((linked(), status()), id="not all that is retained"),
    ],
)
def test_nothing_outlasts_the_connection(
    event: Event, again: tuple[Event, ...]
) -> None:
    hearing = after(linked(), status())

    for one in (event, *again):
        hearing.take(one)

    assert first(hearing) == Cluster("cluster-1")


def test_each_cluster_has_its_own_members() -> None:
    hearing = after(
        linked(),
        status(members=1),
        linked("cluster-2"),
        status("worker-9", "cluster-2", members=20),
    )

    assert [one.members for one in hearing.load(TWO, 0).clusters] == [1, 20]


def test_a_cluster_is_being_left_if_a_note_or_a_worker_says_so() -> None:
    noted = Size(TWO.clusters, 2, draining=frozenset({"cluster-1"}))
    said = after(linked(), status(draining=True), status("worker-2"))

    assert first(after(linked(), status()), noted).is_draining
    assert first(after(), noted).is_draining
    assert first(said).is_draining
    assert not first(after(linked(), status())).is_draining


def test_a_cluster_that_is_to_be_no_more_is_known_by_the_notes() -> None:
    closed = frozenset({"cluster-1"})
    size = Size(TWO.clusters, 2, draining=closed, leaving=closed)

    (leaving, staying) = after().load(size, 0).clusters

    assert (leaving.is_leaving, staying.is_leaving) == (True, False)


def test_what_else_comes_changes_nothing() -> None:
    hearing = after(linked(), status(members=5))

    for event in (Tick(1), message(room_frame("final"), b"{}")):
        hearing.take(event)

    assert first(hearing).members == 5
