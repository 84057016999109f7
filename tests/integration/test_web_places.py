"""Places and members over HTTP: real brokers, a real web process, and fake workers."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import httpx
import pytest

from clients.link import Address, Link
from clients.parcel import Parcel
from clients.place import Place
from clients.worker.wire import BrokerAddress, Membership, WorkerStatus
from compose.members import members
from mosquitto.acl import OPERATOR, WORKER
from mosquitto.placement import slot_of
from mosquitto.topic import member, worker_status
from tests.integration.broker import BrokerProcess, Brokers, brokers
from tests.integration.mqtt_peer import Login, Peer
from tests.integration.processes import LOOPBACK, wait_until
from tests.integration.web_process import Web, running

SOON_S = 30
GONE_WITHIN_S = 10
"""A killed cluster broker is in no answer after that: what is promised."""

STATUS_EVERY_S = 0.5


class FakeWorkers:
    """A worker of each cluster that sends its status, and does nothing else."""

    def __init__(self, installed: Brokers) -> None:
        self._installed = installed
        self._ending = threading.Event()
        self._threads = [
            threading.Thread(target=self._send, args=(index,))
            for index, _ in enumerate(installed.clusters)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join()

    def _send(self, index: int) -> None:
        cluster, broker = f"cluster-{index + 1}", self._installed.clusters[index]
        password = self._installed.credentials.passwords[WORKER]
        link = Link(Address(LOOPBACK, broker.port, WORKER, password), (), wait_max_s=1)
        parcel = Parcel(
            worker_status(cluster, "worker-1"),
            status(cluster, broker.port).encode(),
            retain=True,
        )
        next_s = 0.0
        for event in link.events():
            if self._ending.is_set():
                break
            if event.at_s >= next_s:
                next_s = event.at_s + STATUS_EVERY_S
                link.publish(parcel)
        link.close()


def status(cluster: str, port: int) -> WorkerStatus:
    return WorkerStatus(
        cluster=cluster,
        worker="worker-1",
        at_ms=0,
        started_ms=0,
        broker=BrokerAddress("clusters.example", port, port + 1),
        capacity=1000,
        slots=(),
        members=0,
        rooms={},
        rooms_in_all=0,
        counts={},
    )


class Site:
    """Brokers, and a web process that listens to their main."""

    def __init__(self, installed: Brokers, web: Web, http: httpx.Client) -> None:
        self.installed, self.web, self._http = installed, web, http

    @property
    def key(self) -> str:
        return self.installed.credentials.passwords[OPERATOR]

    def register(self, **wanted: str) -> httpx.Response:
        return self._http.post("/v1/clients", json=wanted)

    def ports(self) -> set[int]:
        """Return the brokers that a client is told now."""
        answer = self.register()
        if answer.status_code == 503:
            assert answer.json()["error"] == "no_cluster"
            return set()
        return {one.port for one in Place.decode(answer.content).brokers}

    def wait_for(self, *expected: BrokerProcess, within_s: float = SOON_S) -> None:
        """Wait until clients are told just these brokers."""
        told = {broker.port for broker in expected}
        wait_until(lambda: self.ports() == told, within_s=within_s, what=str(told))

    def listed(self, key: str, **query: str) -> httpx.Response:
        head = {"Authorization": f"Bearer {key}"}
        return self._http.get("/v1/clients", params=query, headers=head)


@contextmanager
def sites(folder: Path) -> Iterator[Site]:
    with (
        brokers(folder / "state", clusters=2) as installed,
        FakeWorkers(installed),
        running(
            folder,
            MAIN_PORT=installed.settings.main_port,
            CLUSTERS=2,
            CLUSTER_PORT=installed.settings.cluster_port,
            CLUSTER_WS_PORT=installed.settings.cluster_ws_port,
        ) as web,
        web.client() as http,
    ):
        http.timeout = httpx.Timeout(SOON_S)
        site = Site(installed, web, http)
        site.wait_for(*installed.clusters)
        yield site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with sites(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture
def whole(site: Site) -> Site:
    """The site when all of it runs, whatever was done to it before."""
    site.wait_for(*site.installed.clusters)
    return site


def test_who_registers_is_told_where_its_clusters_are_and_its_own_topic(
    whole: Site,
) -> None:
    answer = whole.register(room="final", profile="lite")
    place = Place.decode(answer.content)

    assert answer.status_code == 201
    assert {one.host for one in place.brokers} == {"clusters.example"}
    assert {one.ws_port - one.port for one in place.brokers} == {1}
    assert place.topic == f"relay/{slot_of(place.client_id)}/final/lite"


def test_clients_are_spread_over_the_clusters(whole: Site) -> None:
    places = [Place.decode(whole.register().content) for _ in range(60)]

    assert len({place.brokers[0].port for place in places}) == 2
    assert len({place.client_id for place in places}) == 60
    wait_until(
        lambda: whole.web.sample("web_clusters_live") == len(whole.installed.clusters),
        within_s=SOON_S,
        what="metric",
    )


def test_a_cluster_whose_broker_was_killed_is_soon_in_no_answer(whole: Site) -> None:
    first, second = whole.installed.clusters
    first.kill()
    whole.wait_for(second, within_s=GONE_WITHIN_S)

    first.start()
    whole.wait_for(first, second)


def test_a_cluster_whose_broker_hangs_is_soon_in_no_answer(whole: Site) -> None:
    first, second = whole.installed.clusters
    second.pause()
    try:
        whole.wait_for(first, within_s=GONE_WITHIN_S)
        time.sleep(GONE_WITHIN_S)  # nor is it again, when its bridge is given up
        assert whole.ports() == {first.port}
    finally:
        second.resume()
    whole.wait_for(first, second)


def test_without_main_there_is_no_place_and_it_is_found_again(whole: Site) -> None:
    whole.installed.main.kill()
    whole.wait_for()
    assert whole.register().headers["Retry-After"]

    whole.installed.main.start()
    whole.wait_for(*whole.installed.clusters)


def test_only_the_operator_is_told_the_members(whole: Site) -> None:
    for key in ("wrong", whole.installed.credentials.passwords[WORKER]):
        answer = whole.listed(key)
        assert (answer.status_code, answer.json()["error"]) == (401, "not_allowed")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def keep(installed: Brokers, index: int, kept: dict[str, Membership]) -> None:
    """Do as workers do for clients that joined."""
    login = Login(WORKER, installed.credentials.passwords[WORKER])
    with Peer(installed.clusters[index].port, login) as worker:
        for client_id, membership in kept.items():
            place = member(slot_of(client_id), client_id)
            worker.publish(place, membership.encode(), retain=True)


def test_the_operator_is_told_the_members_of_every_cluster_and_which_hang(
    whole: Site,
) -> None:
    keep(whole.installed, 0, {"a": Membership("final", "lite")})
    keep(whole.installed, 1, {"b": Membership("main", "full")})
    a, b = (
        {
            "client_id": "a",
            "cluster": "cluster-1",
            "slot": slot_of("a"),
            "room": "final",
            "profile": "lite",
        },
        {
            "client_id": "b",
            "cluster": "cluster-2",
            "slot": slot_of("b"),
            "room": "main",
            "profile": "full",
        },
    )

    assert whole.listed(whole.key).json() == {"clients": [a, b], "unanswered": []}
    of_final = whole.listed(whole.key, room="final").json()
    assert of_final == {"clients": [a], "unanswered": []}

    first, second = whole.installed.clusters
    first.kill()
    second.pause()
    try:
        answer = whole.listed(whole.key).json()
    finally:
        second.resume()
        first.start()
    assert answer == {"clients": [], "unanswered": ["cluster-1", "cluster-2"]}


def test_of_ten_thousand_members_none_is_missing(whole: Site) -> None:
    """With the longest names that there are: 2 MB."""
    ids, room = {f"{number:064}" for number in range(10_000)}, "r" * 63
    keep(whole.installed, 0, dict.fromkeys(ids, Membership(room, "full")))

    listed = members(whole.installed.settings, room)

    assert listed.unanswered == ()
    assert {one.client_id for one in listed.clients} == ids
    assert len(listed.clients) == len(ids)
