"""What the auditor hears at real brokers, as anybody."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mosquitto.acl import BRIDGE
from mosquitto.topic import CONTROL_PULSE, room_frame
from stream.auditor.listener import Listener
from tests.integration.broker import Brokers, brokers
from tests.integration.mqtt_peer import Login, Peer
from tests.integration.processes import LOOPBACK, free_port, wait_until

SOON_S = 60


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Brokers]:
    with brokers(tmp_path, clusters=1) as running:
        yield running


@pytest.fixture
def listener(installed: Brokers) -> Iterator[Listener]:
    """One that tries a broker that is not there first."""
    ports = (free_port(), installed.clusters[0].port)
    listener = Listener([(LOOPBACK, port) for port in ports])
    listener.start()
    yield listener
    listener.close()


def publish(installed: Brokers, topic: str, payload: bytes) -> None:
    login = Login(BRIDGE, installed.credentials.passwords[BRIDGE])
    with Peer(installed.main.port, login) as bridge:
        bridge.publish(topic, payload, retain=topic != CONTROL_PULSE)


def hears(listener: Listener, payload: bytes) -> bool:
    return payload in listener.take()


def test_it_hears_every_rooms_frames_at_the_broker_that_is_there(
    installed: Brokers, listener: Listener
) -> None:
    publish(installed, room_frame("final"), b"one")
    wait_until(lambda: hears(listener, b"one"), within_s=SOON_S, what="a frame")

    publish(installed, room_frame("other"), b"two")
    wait_until(lambda: hears(listener, b"two"), within_s=SOON_S, what="another")


def test_the_pulse_tells_that_it_hears_and_is_no_frame(
    installed: Brokers, listener: Listener
) -> None:
    assert listener.age_s() is None

    def heard() -> bool:
        publish(installed, CONTROL_PULSE, b"pulse")
        return listener.age_s() is not None

    wait_until(heard, within_s=SOON_S, what="the pulse")

    assert listener.take() == []


def test_a_broker_that_comes_back_is_heard_again(
    installed: Brokers, listener: Listener
) -> None:
    publish(installed, room_frame("final"), b"one")
    wait_until(lambda: hears(listener, b"one"), within_s=SOON_S, what="a frame")
    (cluster,) = installed.clusters
    cluster.kill()
    publish(installed, room_frame("final"), b"two")
    cluster.start()

    wait_until(lambda: hears(listener, b"two"), within_s=SOON_S, what="a frame")
