"""Main and two clusters as rendered, with the bridge's own publisher in front."""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from paho.mqtt.client import MQTTMessage

from bridge.mqtt_publisher import Login, MqttPublisher
from bridge.relay import Relay
from mosquitto.acl import BRIDGE, OPERATOR, WORKER
from mosquitto.topic import CONTROL_PULSE, cluster_link, room_frame, worker_status
from stream.frame import Frame, Pulse
from tests.fakes import InMemoryLog
from tests.frames import frame, pulse_record, record
from tests.hosting import Stage
from tests.integration.broker import Brokers, brokers
from tests.integration.mqtt_peer import ANONYMOUS, V311, Peer
from tests.integration.mqtt_peer import Login as PeerLogin
from tests.integration.processes import LOOPBACK, wait_until

FINAL = room_frame("final")
SOON_S = 20


class Bridge:
    """The real relay and publisher over a log of this test's own."""

    def __init__(self, installed: Brokers) -> None:
        self.log = InMemoryLog()
        self.main = MqttPublisher(
            Login(
                host=LOOPBACK,
                port=installed.settings.main_port,
                user=BRIDGE,
                password=installed.credentials.passwords[BRIDGE],
                client_id="bridge",
            )
        )
        self._relay = Relay(self.log, Stage().states, self.main, now_ms=lambda: 0)

    def relay(self, *frames: Frame) -> None:
        """Relay frames; main has them when this returns."""
        self.log.append(*map(record, frames))
        self.work_until(lambda: len(self.log.committed) >= len(self.log.polled) > 0)

    def work_until(self, done: Callable[[], bool]) -> None:
        def step() -> bool:
            self._relay.step(0)
            return done()

        wait_until(step, within_s=SOON_S, what="bridge")


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Brokers]:
    with brokers(tmp_path, clusters=2) as running:
        wait_until(lambda: linked(running), within_s=SOON_S, what="links")
        yield running


@pytest.fixture
def bridge(installed: Brokers) -> Iterator[Bridge]:
    made = Bridge(installed)
    yield made
    made.main.close()


def operator(installed: Brokers) -> Peer:
    login = PeerLogin(OPERATOR, installed.credentials.passwords[OPERATOR])
    return Peer(installed.settings.main_port, login)


def links(installed: Brokers) -> dict[str, bytes]:
    with operator(installed) as peer:
        peer.subscribe(cluster_link("+"))
        peer.catch_up()
        return {one.topic: bytes(one.payload) for one in peer.received}


def linked(installed: Brokers) -> bool:
    return links(installed) == {
        cluster_link("cluster-1"): b"1",
        cluster_link("cluster-2"): b"1",
    }


def retained(port: int, topic: str, login: PeerLogin = ANONYMOUS) -> list[MQTTMessage]:
    with Peer(port, login) as peer:
        peer.subscribe(topic)
        peer.catch_up()
        return peer.received


def holds(installed: Brokers, newest: Frame) -> bool:
    """Tell whether every cluster hands this frame to whoever comes now."""
    payload = newest.encode()
    return all(
        [one.payload for one in retained(cluster.port, FINAL)] == [payload]
        for cluster in installed.clusters
    )


def test_a_retained_frame_reaches_every_cluster_with_its_properties(
    installed: Brokers, bridge: Bridge
) -> None:
    newest = frame("final", 1, 1)

    bridge.relay(newest)

    wait_until(lambda: holds(installed, newest), within_s=SOON_S, what="frame")
    for cluster in installed.clusters:
        (message,) = retained(cluster.port, FINAL)
        assert message.retain
        assert message.properties
        # paho sets it by name; it is not among what the class declares.
        ((name, value),) = vars(message.properties)["UserProperty"]
        assert name == "bridge_ms"
        assert int(value) > 0
        (old,) = retained(cluster.port, FINAL, PeerLogin(version=V311))
        assert old.payload == newest.encode()


def test_the_last_word_on_a_window_arrives_before_the_next_one(
    installed: Brokers, bridge: Bridge
) -> None:
    bridge.relay(frame("final", 1, 1))
    with Peer(installed.clusters[0].port) as viewer:
        viewer.subscribe(FINAL)
        viewer.turn_until(lambda: len(viewer.received) == 1, "first frame")
        last_word, newest = frame("final", 2, 1), frame("final", 2, 2)

        bridge.relay(newest, last_word)

        viewer.turn_until(lambda: len(viewer.received) == 3, "both frames")
        payloads = [one.payload for one in viewer.received[1:]]
        assert payloads == [last_word.encode(), newest.encode()]


def test_clusters_are_made_whole_after_main_was_killed(
    installed: Brokers, bridge: Bridge
) -> None:
    quiet, before, after = (
        frame("quiet", 1, 1),
        frame("final", 1, 1),
        frame("final", 2, 2),
    )
    bridge.relay(quiet, before)
    wait_until(lambda: holds(installed, before), within_s=SOON_S, what="frame")

    installed.main.kill()
    bridge.work_until(lambda: True)
    installed.main.start()
    bridge.relay(after)

    wait_until(lambda: holds(installed, after), within_s=SOON_S, what="frame")
    assert retained_on_main(installed) == {FINAL, room_frame("quiet")}
    wait_until(lambda: linked(installed), within_s=SOON_S, what="links")


def retained_on_main(installed: Brokers) -> set[str]:
    with operator(installed) as peer:
        peer.subscribe(room_frame("+"))
        peer.catch_up()
        return peer.topics


def large(room: str) -> Frame:
    return msgspec.structs.replace(
        frame(room, 1, 1),
        counts={f"emoji-{number:03}": number for number in range(250)},
    )


def test_a_cluster_that_was_killed_gets_every_room_again(
    installed: Brokers, bridge: Bridge
) -> None:
    """More of them than a socket and a short queue hold."""
    rooms = {f"room-{number}" for number in range(3000)}
    bridge.relay(*map(large, rooms))
    first, second = installed.clusters

    first.kill()
    wait_until(
        lambda: links(installed)[cluster_link("cluster-1")] == b"0",
        within_s=SOON_S,
        what="link down",
    )
    assert links(installed)[cluster_link("cluster-2")] == b"1"
    first.start()

    for room in sorted(rooms)[::100]:
        topic = room_frame(room)
        for cluster in (first, second):
            wait_until(
                lambda port=cluster.port, topic=topic: bool(retained(port, topic)),  # type: ignore[misc] # bound now
                within_s=SOON_S,
                what=f"{topic} on {cluster.port}",
            )


def test_the_pulse_reaches_viewers_and_stays_nowhere(
    installed: Brokers, bridge: Bridge
) -> None:
    bridge.work_until(lambda: True)
    pulse = Pulse(v=1, epoch="e", sent_ms=0).encode()
    with Peer(installed.clusters[1].port) as viewer:
        viewer.subscribe(CONTROL_PULSE)
        bridge.log.append(pulse_record(pulse))
        bridge.work_until(lambda: True)
        viewer.turn_until(lambda: bool(viewer.received), "pulse")
        assert viewer.received[0].payload == pulse

    assert retained(installed.clusters[1].port, CONTROL_PULSE) == []


def test_a_workers_status_travels_up_to_main(installed: Brokers) -> None:
    topic = worker_status("cluster-2", "worker-1")
    login = PeerLogin(WORKER, installed.credentials.passwords[WORKER])
    with operator(installed) as watcher, Peer(installed.clusters[1].port, login) as me:
        watcher.subscribe(topic)
        me.publish(topic, b"alive", retain=True)

        watcher.turn_until(lambda: bool(watcher.received), "status")
        assert watcher.received[0].payload == b"alive"


def test_no_port_is_open_beyond_loopback(installed: Brokers) -> None:
    """WebSockets, too: Mosquitto 2.0 opens them to all if it is not told otherwise."""
    for broker in (installed.main, *installed.clusters):
        assert broker.open_to() == {LOOPBACK}
