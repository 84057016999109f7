import threading

import pytest

from clients.event import CaughtUp, Connected, Message
from clients.web.audience import AGAIN_LEAST_S, ASKED_PER_S, Audience, Audiences
from clients.web.clusters import FOLLOWED, Clusters
from clients.web.refusal import Stale
from clients.worker.wire import BrokerAddress, WorkerStatus
from mosquitto.topic import cluster_link, worker_status


def message(topic: str, payload: bytes) -> Message:
    return Message(0, topic, payload, retained=True, bridge_ms=None, here_ms=0)


def audiences(members: int) -> Audiences:
    """Return the audiences of a cluster with so many members in the room `final`."""
    status = WorkerStatus(
        cluster="cluster-1",
        worker="worker-1",
        at_ms=0,
        started_ms=0,
        broker=BrokerAddress("a.example", 1885, 9885),
        capacity=10_000,
        slots=(),
        members=members,
        rooms={"final": {"full": members}},
        rooms_in_all=1,
        counts={},
    )
    clusters = Clusters()
    for event in (
        Connected(0),
        message(cluster_link("cluster-1"), b"1"),
        message(worker_status("cluster-1", "worker-1"), status.encode()),
        CaughtUp(0, FOLLOWED),
    ):
        clusters.take(event)
    return Audiences(clusters, threading.Condition(), clock=lambda: 0)


@pytest.mark.parametrize("members", [0, 1, 249])
def test_a_small_audience_asks_every_five_seconds(members: int) -> None:
    assert audiences(members).of("final") == Audience("final", members, AGAIN_LEAST_S)


@pytest.mark.parametrize("members", [251, 10_000])
def test_a_large_audience_asks_so_often_that_all_together_can_be_answered(
    members: int,
) -> None:
    found = audiences(members).of("final")

    assert found.again_s > AGAIN_LEAST_S
    assert found.members / found.again_s == pytest.approx(ASKED_PER_S)


def test_an_audience_of_which_nothing_was_heard_is_not_made_up() -> None:
    unheard = Audiences(Clusters(), threading.Condition(), clock=lambda: 0)

    with pytest.raises(Stale):
        unheard.of("final")
