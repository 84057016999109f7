"""Which clusters get clients; statuses as workers send them, and no clock but ours."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.event import CaughtUp, Connected, Event, Lost, Message, Tick
from clients.web.clusters import FOLLOWED, GIVEN_FOR_S, Clusters
from clients.web.refusal import Full, NoCluster, Stale
from clients.worker.peers import SILENT_AFTER_S
from clients.worker.wire import BrokerAddress, WorkerStatus
from mosquitto.placement import ranked
from mosquitto.topic import cluster_link, room_frame, worker_status

PORTS = {"cluster-1": 1885, "cluster-2": 1886, "cluster-3": 1887}


def message(topic: str, payload: bytes, at_s: float = 0) -> Message:
    return Message(at_s, topic, payload, retained=True, bridge_ms=None, here_ms=0)


def linked(cluster: str, payload: bytes = b"1") -> Message:
    return message(cluster_link(cluster), payload)


def status(  # noqa: PLR0913 - what a status says
    cluster: str,
    worker: str = "worker-1",
    *,
    at_s: float = 0,
    members: int = 0,
    capacity: int = 100,
    is_draining: bool = False,
    rooms: Mapping[str, Mapping[str, int]] | None = None,
) -> Message:
    told = WorkerStatus(
        cluster=cluster,
        worker=worker,
        at_ms=0,
        started_ms=0,
        broker=BrokerAddress("a.example", PORTS[cluster], PORTS[cluster] + 8000),
        capacity=capacity,
        is_draining=is_draining,
        slots=(),
        members=members,
        rooms=rooms or {},
        rooms_in_all=0,
        counts={},
    )
    return message(worker_status(cluster, worker), told.encode(), at_s)


def gone(cluster: str, worker: str = "worker-1") -> Message:
    return message(worker_status(cluster, worker), b"")


def after(*events: Event) -> Clusters:
    clusters = Clusters()
    for event in (Connected(0), *events, CaughtUp(0, FOLLOWED | {"more"})):
        clusters.take(event)
    return clusters


def three(*, members: int = 0, capacity: int = 100) -> tuple[Event, ...]:
    return tuple(
        event
        for cluster in PORTS
        for event in (
            linked(cluster),
            status(cluster, members=members, capacity=capacity),
        )
    )


def live(clusters: Clusters, now_s: float = 0) -> set[str]:
    return {*clusters.live(now_s)}


def ports(clusters: Clusters, client_id: str, now_s: float = 0) -> Sequence[int]:
    return [one.broker.port for one in clusters.give(client_id, now_s)]


def test_a_client_is_sent_to_every_live_cluster_in_its_own_order() -> None:
    clusters = after(*three())

    for client_id in map(str, range(20)):
        expected = ranked(client_id, dict.fromkeys(PORTS, 100))
        assert ports(clusters, client_id) == [PORTS[name] for name in expected]


def test_more_clients_are_sent_where_more_have_room() -> None:
    clusters = after(
        linked("cluster-1"),
        status("cluster-1", capacity=1000),
        linked("cluster-2"),
        status("cluster-2", capacity=3000),
    )
    firsts = Counter(ports(clusters, str(number))[0] for number in range(400))

    assert 2 < firsts[1886] / firsts[1885] < 4


@pytest.mark.parametrize(
    "events",
    [
        pytest.param((status("cluster-1"),), id="its link was never there"),
        pytest.param((linked("cluster-1"),), id="no worker was heard"),
        pytest.param(
            (status("cluster-1"), linked("cluster-1", b"0")), id="link is down"
        ),
        pytest.param(
            (status("cluster-1"), linked("cluster-1", b"")), id="link cleared"
        ),
        pytest.param(
            (linked("cluster-1"), status("cluster-1"), gone("cluster-1")),
            id="its only worker is gone",
        ),
        pytest.param(
            (
                linked("cluster-1"),
                message(worker_status("cluster-1", "worker-1"), b"{"),
            ),
            id="what was heard is no status",
        ),
    ],
)
def test_a_cluster_without_a_link_or_a_worker_gets_nobody(
    events: tuple[Event, ...],
) -> None:
    clusters = after(linked("cluster-2"), status("cluster-2"), *events)

    assert live(clusters) == {"cluster-2"}
    assert ports(clusters, "a") == [1886]


def test_a_cluster_lives_as_long_as_one_of_its_workers_is_heard() -> None:
    clusters = after(
        linked("cluster-1"),
        status("cluster-1", "worker-1", at_s=0, members=5),
        status("cluster-1", "worker-2", at_s=2, members=7),
    )

    assert clusters.live(SILENT_AFTER_S)["cluster-1"].members == 12
    assert clusters.live(SILENT_AFTER_S + 0.1)["cluster-1"].members == 7
    assert live(clusters, SILENT_AFTER_S + 2.1) == set()
    with pytest.raises(NoCluster):
        clusters.give("a", SILENT_AFTER_S + 2.1)


def test_what_the_newest_worker_says_of_its_cluster_counts() -> None:
    clusters = after(
        linked("cluster-1"),
        status("cluster-1", "worker-2", at_s=1, capacity=200),
        status("cluster-1", "worker-1", at_s=0, capacity=100),
    )

    assert clusters.live(1)["cluster-1"].capacity == 200


@pytest.mark.parametrize("members", [100, 101])
def test_a_full_cluster_is_passed_over(members: int) -> None:
    clusters = after(*three(), status("cluster-2", members=members))

    for client_id in map(str, range(20)):
        assert 1886 not in ports(clusters, client_id)


def test_the_members_of_all_its_workers_fill_a_cluster() -> None:
    clusters = after(
        linked("cluster-1"),
        status("cluster-1", "worker-1", members=60),
        status("cluster-1", "worker-2", members=40),
    )

    with pytest.raises(Full):
        clusters.give("a", 0)


def test_when_all_are_full_it_is_said_with_when_to_ask_again() -> None:
    with pytest.raises(Full) as refused:
        after(*three(members=100)).give("a", 0)

    assert int(refused.value.headers["Retry-After"]) > 1


@pytest.mark.parametrize("worker", ["worker-1", "worker-2"])
def test_nobody_is_sent_where_one_worker_says_that_it_is_to_be_left(
    worker: str,
) -> None:
    clusters = after(
        *three(),
        status("cluster-2", "worker-2"),
        status("cluster-2", worker, is_draining=True),
    )

    assert live(clusters) == {*PORTS}
    for client_id in map(str, range(20)):
        assert set(ports(clusters, client_id)) == {1885, 1887}


def test_who_said_so_and_is_gone_does_not_count() -> None:
    said = status("cluster-1", "worker-2", is_draining=True)
    clusters = after(linked("cluster-1"), said, status("cluster-1", at_s=1))

    with pytest.raises(Full):
        clusters.give("a", SILENT_AFTER_S)
    assert ports(clusters, "a", SILENT_AFTER_S + 0.1) == [1885]


@pytest.mark.parametrize("members", [0, 100])
def test_when_all_are_to_be_left_it_is_said(members: int) -> None:
    leaving = (
        status(name, members=members, is_draining=True, capacity=100) for name in PORTS
    )
    with pytest.raises(Full) as refused:
        after(*three(), *leaving).give("a", 0)

    assert refused.value.help == "Every cluster is emptied just now: try again later."
    assert int(refused.value.headers["Retry-After"]) > 1


def test_when_some_are_to_be_left_and_the_rest_is_full_it_is_full() -> None:
    leaving = status("cluster-1", is_draining=True)
    with pytest.raises(Full) as refused:
        after(*three(members=100), leaving).give("a", 0)

    assert refused.value.help == "Every cluster is full: try again later."


@given(st.integers(0, 30), st.integers(1, 30), st.integers(1, 80))
def test_no_more_places_are_given_than_there_are(
    members: int, capacity: int, asking: int
) -> None:
    clusters = after(*three(members=members, capacity=capacity))
    firsts: Counter[int] = Counter()
    for number in range(asking):
        with suppress(Full):
            firsts[ports(clusters, str(number))[0]] += 1

    assert all(members + given <= max(members, capacity) for given in firsts.values())
    assert firsts.total() == min(asking, 3 * max(0, capacity - members))


def test_a_place_that_was_given_counts_until_its_client_must_have_joined() -> None:
    def clusters_at(now_s: float) -> Clusters:
        clusters = after(linked("cluster-1"), status("cluster-1", capacity=1))
        clusters.give("a", 0)
        clusters.take(status("cluster-1", at_s=now_s, capacity=1))
        return clusters

    with pytest.raises(Full):
        clusters_at(GIVEN_FOR_S).give("b", GIVEN_FOR_S)
    assert clusters_at(GIVEN_FOR_S + 0.1).give("b", GIVEN_FOR_S + 0.1)


def test_places_that_were_given_outlast_a_connection() -> None:
    clusters = after(linked("cluster-1"), status("cluster-1", capacity=1))
    clusters.give("a", 0)
    for event in (
        Lost(1, "cut"),
        Connected(1),
        linked("cluster-1"),
        status("cluster-1", at_s=1, capacity=1),
        CaughtUp(1, FOLLOWED),
    ):
        clusters.take(event)

    with pytest.raises(Full):
        clusters.give("b", 1)


@pytest.mark.parametrize(
    "events",
    [
        pytest.param((Lost(1, "cut"),), id="the connection is lost"),
        pytest.param((Lost(1, "cut"), Connected(2)), id="there is a new one"),
        pytest.param(
            (Connected(2), *three()), id="not all that is retained has come on it"
        ),
        pytest.param(
            (Connected(2), *three(), CaughtUp(2, frozenset({room_frame("final")}))),
            id="all that came on it is of something else",
        ),
    ],
)
def test_nobody_is_sent_anywhere_while_it_cannot_be_known(
    events: tuple[Event, ...],
) -> None:
    clusters = after(*three())
    for event in events:
        clusters.take(event)

    with pytest.raises(NoCluster) as refused:
        clusters.give("a", 2)
    assert refused.value.help.endswith(".")


def test_a_new_connection_knows_nothing_of_what_was_before() -> None:
    clusters = after(*three())
    for event in (Connected(1), linked("cluster-3"), status("cluster-3", at_s=1)):
        clusters.take(event)
    clusters.take(CaughtUp(1, FOLLOWED))

    assert live(clusters, 1) == {"cluster-3"}


def test_what_is_about_something_else_changes_nothing() -> None:
    clusters = after(*three(), Tick(0), message(room_frame("final"), b"{}"))

    assert live(clusters) == {*PORTS}


def test_a_status_of_a_newer_worker_is_read_as_far_as_it_is_known() -> None:
    one = status("cluster-1")
    newer = {**msgspec.json.decode(one.payload), "v": 2, "more": 1}
    clusters = after(
        linked("cluster-1"), message(one.topic, msgspec.json.encode(newer))
    )

    assert live(clusters) == {"cluster-1"}


def test_a_room_has_the_members_that_all_workers_name() -> None:
    clusters = after(
        *(linked(cluster) for cluster in PORTS),
        status("cluster-1", "worker-1", rooms={"final": {"full": 3, "lite": 2}}),
        status("cluster-1", "worker-2", rooms={"final": {"full": 10}}),
        status("cluster-2", rooms={"final": {"lite": 100}, "other": {"full": 7}}),
    )

    assert clusters.members("final", 0) == 115
    assert clusters.members("other", 0) == 7
    assert clusters.members("nobodys", 0) == 0


def test_members_of_what_is_not_heard_any_more_are_not_counted() -> None:
    clusters = after(
        linked("cluster-1"),
        linked("cluster-2"),
        status("cluster-1", rooms={"final": {"full": 1}}),
        status("cluster-1", "worker-2", rooms={"final": {"full": 2}}, at_s=2),
        status("cluster-2", rooms={"final": {"full": 4}}, at_s=2),
        linked("cluster-2", b"0"),
    )

    assert clusters.members("final", SILENT_AFTER_S + 1) == 2


def test_an_audience_is_not_known_while_no_cluster_is_heard() -> None:
    silent = after(*three())
    unheard = Clusters()
    unheard.take(Connected(0))
    for event in three():
        unheard.take(event)  # and main has more to say

    for clusters, now_s in ((silent, SILENT_AFTER_S + 1), (unheard, 0)):
        with pytest.raises(Stale):
            clusters.members("final", now_s)
