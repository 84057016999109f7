"""The ACLs as a real broker enforces them, seen by who receives.

A broker calls a denied SUBSCRIBE granted, and a denied PUBLISH acknowledged, so only
deliveries count. Each denied topic stands beside a permitted one: the same observer,
in the same run, gets that.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pytest
from paho.mqtt.client import topic_matches_sub
from paho.mqtt.enums import MQTTProtocolVersion

from compose.brokers import MAIN
from mosquitto.acl import OPERATOR, OWN, Right, cluster_rights, main_rights
from tests.integration.mqtt_peer import V5, V311, Login, Peer, Refused
from tests.integration.rights_trial import (
    CLUSTER,
    TESTER,
    WITNESS,
    Trial,
    topics_with,
    trial,
)

ROOMS = {"rooms/final/frame", "rooms/final/moment", "rooms/final/state"}
PULSE, MOVE = {"control/pulse"}, {"control/move"}
CONTROL = PULSE | MOVE
RELAY = {"relay/s1/final/full"}
CALLS = {"clients/me/join", "clients/me/leave"}
OTHERS_CALLS = {"clients/other/join", "clients/other/leave"}
ASSIGNED = {"clients/me/assignment", "clients/me/assignment/1"}
OTHERS_ASSIGNED = {"clients/other/assignment", "clients/other/assignment/1"}
MEMBERS = {"members/s1/me", "members/s1/other"}
STATUS = {"workers/cluster-1/w1/status"}
OTHERS_STATUS = {"workers/cluster-2/w1/status"}
LINK = {"clusters/cluster-1/link"}
OTHERS_LINK = {"clusters/cluster-2/link"}
HEALTH = STATUS | OTHERS_STATUS | LINK | OTHERS_LINK
EVICTS = {"clients/me/evict", "clients/other/evict"}
UNGRANTED = {
    "anything",
    "rooms/final",
    "rooms/final/frame/x",
    "control/else",
    "relay/x",
}
SPLIT = {"clients/a/b/join", "clients/a/b/leave", "clients/a/b/assignment"}
NOBODYS = UNGRANTED | SPLIT | {"clients/a/b/c/join", "clients/me/assignment/1/2"}
SYSTEM = "$SYS/broker/version"

EVERYTHING = (
    ROOMS | CONTROL | RELAY | CALLS | OTHERS_CALLS | ASSIGNED | OTHERS_ASSIGNED
) | (EVICTS | MEMBERS | HEALTH | NOBODYS)


@dataclass(frozen=True)
class Row:
    """All that a user may do, with `me` for client id; anything else is denied."""

    user: str
    reads: set[str]
    writes: set[str]
    version: MQTTProtocolVersion = V5

    def __str__(self) -> str:
        return f"{self.user or 'anonymous'}-v{int(self.version)}"


ON_CLUSTER = [
    Row("", ROOMS | CONTROL | RELAY | ASSIGNED, CALLS, V311),
    Row("", ROOMS | CONTROL | RELAY | ASSIGNED, CALLS),
    Row(
        "worker",
        (ROOMS | CONTROL | RELAY | ASSIGNED)
        | (CALLS | OTHERS_CALLS | EVICTS | MEMBERS | STATUS),
        (RELAY | MEMBERS | STATUS | ASSIGNED | OTHERS_ASSIGNED)
        | (CALLS | OTHERS_CALLS | EVICTS),
    ),
    Row("operator", EVERYTHING - OTHERS_ASSIGNED - NOBODYS, CALLS | EVICTS),
]
ON_MAIN = [
    Row("bridge", set(), ROOMS | PULSE),
    Row("web", ROOMS | CONTROL | HEALTH, set()),
    Row("operator", ROOMS | CONTROL | HEALTH, MOVE),
    Row("edge-cluster-1", ROOMS | CONTROL, STATUS | LINK),
    Row("edge-cluster-2", ROOMS | CONTROL, OTHERS_STATUS | OTHERS_LINK),
]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    with trial(tmp_path_factory.mktemp("acl")) as both:
        yield both


def login(installed: Trial, row: Row) -> Login:
    return installed.login(row.user, version=row.version)


def assert_reads(installed: Trial, broker: str, row: Row) -> None:
    port, payload = installed.ports[broker], f"for {row}".encode()
    with Peer(port, login(installed, row)) as user, Peer(port, TESTER) as tester:
        user.subscribe("#")
        for topic in sorted(EVERYTHING | {WITNESS}):
            tester.publish(topic, payload)

        assert topics_with(user, payload) == row.reads | {WITNESS}


def assert_writes(installed: Trial, broker: str, row: Row) -> None:
    port, payload = installed.ports[broker], f"by {row}".encode()
    with Peer(port, login(installed, row)) as user, Peer(port, TESTER) as tester:
        tester.subscribe("#")
        for topic in sorted(EVERYTHING | {WITNESS}):
            user.publish(topic, payload)

        assert topics_with(tester, payload) == row.writes | {WITNESS}


@pytest.mark.parametrize(
    ("rights", "rows"),
    [
        (main_rights([CLUSTER, "cluster-2"]), ON_MAIN),
        (cluster_rights(CLUSTER), ON_CLUSTER),
    ],
    ids=["main", "cluster"],
)
def test_every_cell_of_the_matrix_is_tried(
    rights: Iterable[Right], rows: Iterable[Row]
) -> None:
    tried = EVERYTHING | {SYSTEM}
    for right in rights:
        place = right.filter.replace(OWN, "me")
        assert any(topic_matches_sub(place, topic) for topic in tried), right
    assert {right.user for right in rights} == {row.user for row in rows}


@pytest.mark.parametrize("row", ON_CLUSTER, ids=str)
def test_a_user_of_a_cluster_reads_only_its_own(installed: Trial, row: Row) -> None:
    assert_reads(installed, CLUSTER, row)


@pytest.mark.parametrize("row", ON_CLUSTER, ids=str)
def test_a_user_of_a_cluster_writes_only_its_own(installed: Trial, row: Row) -> None:
    assert_writes(installed, CLUSTER, row)


@pytest.mark.parametrize("row", ON_MAIN, ids=str)
def test_a_user_of_main_reads_only_its_own(installed: Trial, row: Row) -> None:
    assert_reads(installed, MAIN, row)


@pytest.mark.parametrize("row", ON_MAIN, ids=str)
def test_a_user_of_main_writes_only_its_own(installed: Trial, row: Row) -> None:
    assert_writes(installed, MAIN, row)


@pytest.mark.parametrize("row", ON_CLUSTER, ids=str)
def test_only_the_operator_looks_into_a_clusters_broker(
    installed: Trial, row: Row
) -> None:
    assert_looks_inside(installed, CLUSTER, row)


@pytest.mark.parametrize("row", ON_MAIN, ids=str)
def test_only_the_operator_looks_into_main(installed: Trial, row: Row) -> None:
    assert_looks_inside(installed, MAIN, row)


def assert_looks_inside(installed: Trial, broker: str, row: Row) -> None:
    with Peer(installed.ports[broker], login(installed, row)) as user:
        user.subscribe(SYSTEM, WITNESS)
        user.publish(WITNESS)
        user.turn_until(lambda: WITNESS in user.topics, "witness")

        assert (SYSTEM in user.topics) == (row.user == OPERATOR)


@pytest.mark.parametrize("version", [V311, V5], ids=str)
def test_what_is_retained_is_denied_like_what_is_new(
    installed: Trial, version: MQTTProtocolVersion
) -> None:
    port = installed.ports[CLUSTER]
    with Peer(port, TESTER) as tester:
        tester.publish("members/s1/me", b"kept", retain=True)
        tester.publish("rooms/final/frame", b"kept", retain=True)

    with Peer(port, Login(client_id="me", version=version)) as stranger:
        stranger.subscribe("#")
        assert topics_with(stranger, b"kept") == {"rooms/final/frame"}


@pytest.mark.parametrize("version", [V311, V5], ids=str)
def test_a_will_is_heard_under_ones_own_id_only(
    installed: Trial, version: MQTTProtocolVersion
) -> None:
    port = installed.ports[CLUSTER]
    with Peer(port, TESTER) as tester:
        tester.subscribe("clients/+/leave")
        for client_id in ("thief", "me"):
            login = Login(client_id=client_id, version=version)
            Peer(port, login, will="clients/me/leave").cut()

        tester.turn_until(lambda: bool(tester.received), "will")
        tester.catch_up()
        assert len(tester.received) == 1


def test_main_lets_nobody_in_without_the_right_password(
    installed: Trial,
) -> None:
    port, password = installed.ports[MAIN], installed.credentials.passwords["bridge"]

    Peer(port, Login("bridge", password)).cut()
    for login in (Login(), Login("bridge", "wrong"), Login("worker", password)):
        with pytest.raises(Refused):
            Peer(port, login)
