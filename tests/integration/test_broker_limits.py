"""What the rendered brokers take, and what they let through and keep out."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from compose.brokers import config_path
from mosquitto.acl import WORKER
from mosquitto.brokers import cluster_broker
from mosquitto.config import PAYLOAD_MAX_BYTES, Pull
from mosquitto.examples import FOLDER
from mosquitto.topic import client_join, relay
from tests.integration.broker import Brokers, brokers, running
from tests.integration.mqtt_peer import Login, Peer, Refused
from tests.integration.processes import LOOPBACK, free_ports

RELAYED = relay("1", "final", "full")

STOPPED = 20
"""Subscribers that stop reading."""

FRAMES = 300
"""As many as the largest payload come to 94 MB for those who stopped."""

GROWTH_MAX_BYTES = 24 * 1024 * 1024
"""What 20 queues of 8 such frames take is 2.6 MB."""


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


@contextmanager
def stopped_reader(port: int) -> Iterator[None]:
    """Subscribe to what is relayed, and read nothing from then on."""
    with closing(socket.socket()) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((LOOPBACK, port))
        # MQTT 3.1.1: CONNECT without an id, clean, no keepalive; SUBSCRIBE, QoS 0.
        connection.sendall(b"\x10\x0c\0\x04MQTT\x04\x02\0\0\0\0")
        assert connection.recv(4, socket.MSG_WAITALL) == b"\x20\x02\0\0"
        name = RELAYED.encode()
        wish = b"\0\x01" + len(name).to_bytes(2) + name + b"\0"
        connection.sendall(b"\x82" + len(wish).to_bytes() + wish)
        assert connection.recv(5, socket.MSG_WAITALL) == b"\x90\x03\0\x01\0"
        yield


def test_subscribers_that_stop_reading_cost_the_others_and_the_broker_nothing(
    installed: Brokers,
) -> None:
    broker = installed.clusters[0]
    memory = psutil.Process(broker.pid).memory_info
    with worker(installed) as sender, Peer(broker.port) as viewer, ExitStack() as stack:
        viewer.subscribe(RELAYED)
        for _ in range(STOPPED):
            stack.enter_context(stopped_reader(broker.port))
        before_bytes = memory().rss
        for number in range(FRAMES):
            sender.publish(RELAYED, str(number).encode().ljust(PAYLOAD_MAX_BYTES))
            viewer.turn_until(lambda: len(viewer.received) > number, "frame")  # noqa: B023 - called here

        assert [int(one.payload) for one in viewer.received] == [*range(FRAMES)]
        assert memory().rss - before_bytes < GROWTH_MAX_BYTES


def test_a_broker_lets_in_as_many_as_it_is_told(
    installed: Brokers, tmp_path: Path
) -> None:
    ours = config_path(installed.settings, "cluster-1").parent
    first = free_ports(2)
    described = cluster_broker(
        port=first,
        websocket_port=first + 1,
        folder=ours,
        user="root",
        pull=Pull("cluster-1", f"{LOOPBACK}:{installed.settings.main_port}", "x", "0"),
        connections_max=3,
    )
    config = tmp_path / "few.conf"
    config.write_text(replace(described, pull=None).render())
    with running(config, first), ExitStack() as stack:
        let_in = 0
        for _ in range(10):
            with suppress(Refused):
                stack.enter_context(Peer(first))
                let_in += 1

    # Mosquitto 2.0.11 lets in one more.
    assert let_in in (3, 4)


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
