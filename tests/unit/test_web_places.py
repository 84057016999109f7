import threading

import pytest
from prometheus_client import REGISTRY

from clients.event import CaughtUp, Connected, Lost, Message, Tick
from clients.place import Place
from clients.web.clusters import FOLLOWED, Clusters
from clients.web.places import SHOWN_EVERY_S, Places
from clients.web.refusal import NoCluster
from clients.worker.wire import BrokerAddress, Join, WorkerStatus
from mosquitto.placement import slot_of
from mosquitto.topic import check_client_id, cluster_link, worker_status

BROKER = BrokerAddress("a.example", 1885, 9885)


def message(topic: str, payload: bytes) -> Message:
    return Message(0, topic, payload, retained=True, bridge_ms=None, here_ms=0)


def places(*, members: int = 0) -> Places:
    """Return what gives places in one cluster of which main has told."""
    places = Places(Clusters(), threading.Condition(), clock=lambda: 0)
    status = WorkerStatus(
        cluster="cluster-1",
        worker="worker-1",
        at_ms=0,
        started_ms=0,
        broker=BROKER,
        capacity=10_000,
        slots=(),
        members=members,
        rooms={},
        rooms_in_all=0,
        counts={},
    )
    for event in (
        Connected(0),
        message(cluster_link("cluster-1"), b"1"),
        message(worker_status("cluster-1", "worker-1"), status.encode()),
        CaughtUp(0, FOLLOWED),
    ):
        places.take(event)
    return places


def sample(name: str) -> float:
    return REGISTRY.get_sample_value(name) or 0


def test_a_place_says_what_a_worker_would() -> None:
    place = places(members=1001).give(Join("final", "lite"))

    slot = slot_of(place.client_id)
    assert place == Place(
        client_id=check_client_id(place.client_id),
        brokers=(BROKER,),
        slot=slot,
        topic=f"relay/{slot}/final/lite",
        spread_s=6.5,
    )


def test_no_two_clients_get_the_same_id_and_nobody_can_guess_one() -> None:
    given = places()
    ids = {given.give(Join()).client_id for _ in range(1000)}

    assert len(ids) == 1000
    assert {len(one) for one in ids} == {16}


def test_places_are_counted_and_refusals_are_none() -> None:
    given, before = places(), sample("web_places_given_total")
    given.give(Join())
    given.take(Lost(0, "cut"))
    with pytest.raises(NoCluster):
        given.give(Join())

    assert sample("web_places_given_total") == before + 1


def test_the_clusters_that_live_are_shown() -> None:
    given = places()
    given.take(Tick(SHOWN_EVERY_S))
    assert sample("web_clusters_live") == 1

    given.take(Tick(100))
    assert sample("web_clusters_live") == 0
