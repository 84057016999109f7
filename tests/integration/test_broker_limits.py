"""What the rendered brokers take, and what they let through and keep out."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mosquitto.acl import WORKER
from mosquitto.config import PAYLOAD_MAX_BYTES
from mosquitto.examples import FOLDER
from mosquitto.topic import client_join, relay
from tests.integration.broker import Brokers, brokers, running
from tests.integration.mqtt_peer import Login, Peer
from tests.integration.processes import free_ports

RELAYED = relay("s1", "final", "full")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brokers]:
    with brokers(tmp_path_factory.mktemp("limits"), clusters=1) as both:
        yield both


def worker(installed: Brokers) -> Peer:
    login = Login(WORKER, installed.credentials.passwords[WORKER])
    return Peer(installed.clusters[0].port, login)


def test_no_join_of_a_wave_is_lost_while_a_worker_is_busy(installed: Brokers) -> None:
    with worker(installed) as busy:
        busy.subscribe(client_join("+"), qos=1)
        for number in range(100):
            login = Login(client_id=f"client-{number}")
            with Peer(installed.clusters[0].port, login) as client:
                client.publish(client_join(login.client_id))

        busy.turn_until(lambda: len(busy.topics) == 100, "every join")


def test_the_largest_payload_passes(installed: Brokers) -> None:
    with worker(installed) as sender, Peer(installed.clusters[0].port) as viewer:
        viewer.subscribe(RELAYED)
        sender.publish(RELAYED, b"x" * PAYLOAD_MAX_BYTES)

        viewer.turn_until(lambda: bool(viewer.received), "message")
        assert len(viewer.received[0].payload) == PAYLOAD_MAX_BYTES


def test_who_sends_more_than_that_is_thrown_out(installed: Brokers) -> None:
    with worker(installed) as sender, pytest.raises(AssertionError, match="PUBACK"):
        sender.publish(RELAYED, b"x" * (PAYLOAD_MAX_BYTES + 2048))


def test_a_cluster_is_watched_over_websockets_too(installed: Brokers) -> None:
    port = installed.settings.cluster_ws_port
    with worker(installed) as sender, Peer(port, transport="websockets") as viewer:
        viewer.subscribe(RELAYED)
        sender.publish(RELAYED, b"over websockets")

        viewer.turn_until(lambda: bool(viewer.received), "message")


@pytest.mark.parametrize("name", ["main", "cluster"])
def test_a_broker_takes_the_committed_example(name: str, tmp_path: Path) -> None:
    first = free_ports(3)
    text = (FOLDER / f"{name}.conf").read_text()
    for number, port in enumerate((1884, 1885, 9885)):
        text = text.replace(f"listener {port} ", f"listener {first + number} ")
    broker = "main" if name == "main" else "cluster-1"
    (tmp_path / f"{broker}.acl").write_text((FOLDER / f"{name}.acl").read_text())
    (tmp_path / f"{broker}.passwd").touch()
    config = tmp_path / "broker.conf"
    # Started as root it would become another user, who may not read here.
    config.write_text("user root\n" + text.replace("/etc/emostream", str(tmp_path)))

    port = first if name == "main" else first + 1
    with running(config, port) as process:
        assert "Error: " not in process.log()
