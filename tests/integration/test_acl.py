"""The ACLs as a real broker enforces them, seen by who receives.

A broker calls a denied SUBSCRIBE granted, and a denied PUBLISH acknowledged, so only
deliveries count. Each denied topic stands beside permitted ones: the same
observer, in the same run, gets those.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from compose.brokers import MAIN, config_path
from compose.credentials import Credentials
from mosquitto.password import password_line
from tests.integration.broker import install, running
from tests.integration.mqtt_peer import V5, V311, Login, Peer, Refused

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
NOBODYS = {"anything", "rooms/final", "rooms/final/frame/x", "control/else", "relay/x"}

EVERYTHING = (
    ROOMS | CONTROL | RELAY | CALLS | OTHERS_CALLS | ASSIGNED | OTHERS_ASSIGNED
) | (MEMBERS | HEALTH | NOBODYS)


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
        | (CALLS | OTHERS_CALLS | MEMBERS | STATUS),
        RELAY | MEMBERS | STATUS | ASSIGNED | OTHERS_ASSIGNED | CALLS,
    ),
    Row("operator", EVERYTHING - OTHERS_ASSIGNED - NOBODYS, CALLS),
]
ON_MAIN = [
    Row("bridge", set(), ROOMS | PULSE),
    Row("web", ROOMS | CONTROL | HEALTH, set()),
    Row("operator", ROOMS | CONTROL | HEALTH, MOVE),
    Row("edge-cluster-1", ROOMS | CONTROL, STATUS | LINK),
    Row("edge-cluster-2", ROOMS | CONTROL, OTHERS_STATUS | OTHERS_LINK),
]

TESTER = Login("tester", "secret", "tester")
"""A user that only these tests have, and who may do everything."""


@dataclass(frozen=True)
class Installation:
    """The brokers under test, with the tester among their users."""

    credentials: Credentials
    ports: dict[str, int]

    def login(self, row: Row) -> Login:
        password = self.credentials.passwords.get(row.user, "")
        return Login(row.user, password, "me", row.version)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    settings, credentials = install(tmp_path_factory.mktemp("acl"), clusters=2)
    ports = {MAIN: settings.main_port, "cluster-1": settings.cluster_port}
    for name in ports:
        config = config_path(settings, name)
        with config.with_suffix(".acl").open("a") as acl:
            acl.write("\nuser tester\ntopic readwrite #\n")
        with config.with_suffix(".passwd").open("a") as passwords:
            passwords.write(password_line("tester", "secret", salt=b"0" * 12) + "\n")
    # The cluster's link finds no main: nothing but the tests publishes anything.
    with (
        running(config_path(settings, "cluster-1"), ports["cluster-1"]),
        running(config_path(settings, MAIN), ports[MAIN]),
    ):
        yield Installation(credentials, ports)


def with_payload(peer: Peer, payload: bytes) -> set[str]:
    peer.catch_up()
    return {one.topic for one in peer.received if one.payload == payload}


def assert_reads(installed: Installation, broker: str, row: Row) -> None:
    port, payload = installed.ports[broker], f"for {row}".encode()
    with Peer(port, installed.login(row)) as user, Peer(port, TESTER) as tester:
        user.subscribe("#")
        for topic in sorted(EVERYTHING):
            tester.publish(topic, payload)

        assert with_payload(user, payload) == row.reads


def assert_writes(installed: Installation, broker: str, row: Row) -> None:
    port, payload = installed.ports[broker], f"by {row}".encode()
    with Peer(port, installed.login(row)) as user, Peer(port, TESTER) as tester:
        tester.subscribe("#")
        for topic in sorted(EVERYTHING):
            user.publish(topic, payload)

        assert with_payload(tester, payload) == row.writes


@pytest.mark.parametrize("row", ON_CLUSTER, ids=str)
def test_a_user_of_a_cluster_reads_only_its_own(
    installed: Installation, row: Row
) -> None:
    assert_reads(installed, "cluster-1", row)


@pytest.mark.parametrize("row", ON_CLUSTER, ids=str)
def test_a_user_of_a_cluster_writes_only_its_own(
    installed: Installation, row: Row
) -> None:
    assert_writes(installed, "cluster-1", row)


@pytest.mark.parametrize("row", ON_MAIN, ids=str)
def test_a_user_of_main_reads_only_its_own(installed: Installation, row: Row) -> None:
    assert_reads(installed, MAIN, row)


@pytest.mark.parametrize("row", ON_MAIN, ids=str)
def test_a_user_of_main_writes_only_its_own(installed: Installation, row: Row) -> None:
    assert_writes(installed, MAIN, row)


@pytest.mark.parametrize("version", [V311, V5], ids=str)
def test_what_is_retained_is_denied_like_what_is_new(
    installed: Installation, version: MQTTProtocolVersion
) -> None:
    port = installed.ports["cluster-1"]
    with Peer(port, TESTER) as tester:
        tester.publish("members/s1/me", b"kept", retain=True)
        tester.publish("rooms/final/frame", b"kept", retain=True)

    with Peer(port, Login(client_id="me", version=version)) as stranger:
        stranger.subscribe("#")
        assert with_payload(stranger, b"kept") == {"rooms/final/frame"}


@pytest.mark.parametrize("version", [V311, V5], ids=str)
def test_a_will_is_heard_under_ones_own_id_only(
    installed: Installation, version: MQTTProtocolVersion
) -> None:
    port = installed.ports["cluster-1"]
    with Peer(port, TESTER) as tester:
        tester.subscribe("clients/+/leave")
        for client_id in ("thief", "me"):
            login = Login(client_id=client_id, version=version)
            Peer(port, login, will="clients/me/leave").cut()

        tester.turn_until(lambda: bool(tester.received), "will")
        tester.catch_up()
        assert len(tester.received) == 1


def test_main_lets_nobody_in_without_the_right_password(
    installed: Installation,
) -> None:
    port, password = installed.ports[MAIN], installed.credentials.passwords["bridge"]

    Peer(port, Login("bridge", password)).cut()
    for login in (Login(), Login("bridge", "wrong"), Login("worker", password)):
        with pytest.raises(Refused):
            Peer(port, login)
