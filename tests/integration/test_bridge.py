"""The bridge as a process, between a real Kafka and a real main broker."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

import ingest.topics
import stream.topics
from compose.plain_http import get
from mosquitto.acl import OPERATOR
from mosquitto.topic import CONTROL_PULSE, room_frame, room_state
from stream.frame import Frame, Pulse
from tests.frames import frame
from tests.hosting import entry
from tests.integration.broker import Brokers, brokers
from tests.integration.kafka_server import KafkaServer
from tests.integration.mqtt_peer import Login, Peer
from tests.integration.processes import LOOPBACK, end, free_port, spawn, wait_until

SOON_S = 30
STOP_WITHIN_S = 3
"""What the runner grants before it kills."""


class BridgeProcess:
    """`python -m bridge` over a frame log and a main broker of its own."""

    def __init__(self, kafka: KafkaServer, installed: Brokers, prefix: str) -> None:
        self._frames = stream.topics.frames(prefix)
        self._states = ingest.topics.states(prefix)
        kafka.create(self._frames)
        kafka.create(self._states)
        self._kafka, self._installed, self._prefix = kafka, installed, prefix
        self._metrics_port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def main(self) -> Login:
        """Who may look at everything on main."""
        return Login(OPERATOR, self._installed.credentials.passwords[OPERATOR])

    def start(self) -> None:
        """Start it."""
        settings = self._installed.settings.model_copy(
            update={
                "kafka_servers": self._kafka.servers,
                "kafka_topic_prefix": self._prefix,
                "bridge_metrics_port": self._metrics_port,
            }
        )
        self._process = spawn(
            [sys.executable, "-m", "bridge"],
            self._log,
            environment={**os.environ, **settings.as_environment()},
        )

    def kill(self) -> None:
        """End it as a crash does."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> int:
        """End it in order; return its exit code."""
        assert self._process
        end(self._process, within_s=10)
        return self._process.returncode

    def write(self, *frames: Frame | Pulse | bytes, key: bytes | None = None) -> None:
        """Write to the frame log in this order."""
        producer = Producer({"bootstrap.servers": self._kafka.servers})
        for one in frames:
            value = one if isinstance(one, bytes) else one.encode()
            own = one.room.encode() if isinstance(one, Frame) else key
            producer.produce(self._frames.name, value, key=own)
        assert producer.flush(SOON_S) == 0

    def change(self, room: str, *values: bytes | None) -> None:
        """Write to the log of what rooms take, in this order."""
        producer = Producer({"bootstrap.servers": self._kafka.servers})
        for value in values:
            producer.produce(self._states.name, value, key=room)
        assert producer.flush(SOON_S) == 0

    def wait_for_state(self, room: str, told: str) -> None:
        """Wait until main retains a state of the room with this in it."""

        def there() -> bool:
            with Peer(self._installed.settings.main_port, self.main) as peer:
                peer.subscribe(room_state(room))
                peer.catch_up()
                return any(told.encode() in one.payload for one in peer.received)

        wait_until(there, within_s=SOON_S, what=f"{told}\n{self.log()}")

    def write_aborted(self, frame: Frame) -> None:
        """Write as a stream that dies before it commits."""
        producer = Producer(
            {"bootstrap.servers": self._kafka.servers, "transactional.id": self._prefix}
        )
        producer.init_transactions(SOON_S)
        producer.begin_transaction()
        producer.produce(self._frames.name, frame.encode(), key=frame.room)
        assert producer.flush(SOON_S) == 0
        producer.abort_transaction(SOON_S)

    def committed(self) -> int:
        """Return the offset up to which it says that it is done; below 0: none."""
        asking = Consumer(
            {
                "bootstrap.servers": self._kafka.servers,
                "group.id": f"{self._prefix}bridge",
            }
        )
        (at,) = asking.committed([TopicPartition(self._frames.name, 0)], SOON_S)
        asking.close()
        return at.offset

    def wait_for(self, newest: Frame) -> None:
        """Wait until main retains this frame as its room's."""

        def there() -> bool:
            with Peer(self._installed.settings.main_port, self.main) as peer:
                peer.subscribe(room_frame(newest.room))
                peer.catch_up()
                return newest.encode() in [one.payload for one in peer.received]

        wait_until(there, within_s=SOON_S, what=f"{newest.position}\n{self.log()}")

    def counted(self, sample: str) -> bool:
        """Tell whether its metrics have this line."""
        url = f"http://{LOOPBACK}:{self._metrics_port}/metrics"
        return sample in get(url, within_s=5).text.splitlines()

    def log(self) -> str:
        """Return what it wrote."""
        return self._log.read_text(errors="replace")

    @property
    def _log(self) -> Path:
        return self._installed.settings.state_dir / "bridge.log"


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Brokers]:
    with brokers(tmp_path, clusters=1) as running:
        yield running


@pytest.fixture
def bridge(
    kafka: KafkaServer, installed: Brokers, tmp_path: Path
) -> Iterator[BridgeProcess]:
    process = BridgeProcess(kafka, installed, f"{tmp_path.name}.")
    process.start()
    yield process
    process.kill()


def test_what_is_no_frame_is_told_and_passed_over(bridge: BridgeProcess) -> None:
    bridge.write(b"\xff{", key=b"final")
    after = frame("final", 1, 1)
    bridge.write(after)

    bridge.wait_for(after)
    assert "passed over record partition=0 offset=0 reason=bad_frame" in bridge.log()
    assert bridge.counted('bridge_records_unreadable_total{reason="bad_frame"} 1.0')
    assert bridge.stop() == 0


def test_after_a_crash_each_rooms_newest_frame_is_published_not_its_last(
    bridge: BridgeProcess, installed: Brokers
) -> None:
    """A replay writes older frames after newer ones; main keeps nothing on disk."""
    newest, quiet = frame("final", 9, 9), frame("quiet", 1, 1)
    bridge.write(quiet, newest, frame("final", 8, 9))
    bridge.wait_for(newest)

    bridge.kill()
    installed.main.kill()
    installed.main.start()
    bridge.start()

    bridge.wait_for(newest)
    bridge.wait_for(quiet)


def test_frames_go_on_after_kafka_was_away(
    bridge: BridgeProcess, kafka: KafkaServer
) -> None:
    before, after = frame("final", 1, 1), frame("final", 2, 2)
    bridge.write(before)
    bridge.wait_for(before)

    with kafka.gone():
        wait_until(
            lambda: "no kafka" in bridge.log(), within_s=SOON_S, what="loss of Kafka"
        )
    bridge.write(after)

    bridge.wait_for(after)
    assert bridge.log().count("no kafka") == 1
    assert bridge.log().count("reached kafka") == 2


def test_it_ends_in_order_while_kafka_is_away(
    bridge: BridgeProcess, kafka: KafkaServer
) -> None:
    before = frame("final", 1, 1)
    bridge.write(before)
    bridge.wait_for(before)
    wait_until(lambda: bridge.committed() == 1, within_s=SOON_S, what="commit")
    with kafka.gone():
        assert bridge.stop() == 0  # in order: it was not killed


def test_frames_go_on_after_main_was_away(
    bridge: BridgeProcess, installed: Brokers
) -> None:
    before, after = frame("final", 1, 1), frame("final", 2, 2)
    bridge.write(before)
    bridge.wait_for(before)

    wait_until(lambda: bridge.committed() == 1, within_s=SOON_S, what="commit")
    installed.main.kill()
    bridge.write(after)
    wait_until(lambda: "no main" in bridge.log(), within_s=SOON_S, what="loss of main")
    assert bridge.committed() == 1
    installed.main.start()

    bridge.wait_for(after)
    wait_until(lambda: bridge.committed() == 2, within_s=SOON_S, what="commit")


def test_a_main_that_hangs_is_given_up_and_found_again(
    bridge: BridgeProcess, installed: Brokers
) -> None:
    before, after = frame("final", 1, 1), frame("final", 2, 2)
    bridge.write(before)
    bridge.wait_for(before)

    installed.main.pause()
    bridge.write(after)
    wait_until(lambda: "no main" in bridge.log(), within_s=SOON_S, what="loss of main")
    installed.main.resume()

    bridge.wait_for(after)


def test_a_frame_whose_transaction_was_aborted_never_travels(
    bridge: BridgeProcess,
) -> None:
    bridge.write_aborted(frame("final", 9, 9))
    committed = frame("final", 1, 1)
    bridge.write(committed)

    bridge.wait_for(committed)


def test_only_a_fresh_pulse_travels(bridge: BridgeProcess, installed: Brokers) -> None:
    mark = frame("final", 1, 1)
    bridge.write(mark)
    bridge.wait_for(mark)
    with Peer(installed.settings.main_port, bridge.main) as peer:
        peer.subscribe(CONTROL_PULSE)
        old = Pulse(v=1, epoch="e", sent_ms=0)
        fresh = Pulse(v=1, epoch="e", sent_ms=1 << 50)

        bridge.write(old, fresh, key=stream.topics.PULSE_KEY)

        peer.turn_until(lambda: bool(peer.received), "pulse")
        assert [one.payload for one in peer.received] == [fresh.encode()]


def test_what_a_host_changes_is_retained_without_its_name(
    bridge: BridgeProcess, installed: Brokers
) -> None:
    bridge.change("final", entry(is_open=False), b"garbage", entry(muted=["🎉"]))
    bridge.wait_for_state("final", '"muted":["🎉"]')
    with Peer(installed.settings.main_port, bridge.main) as peer:
        peer.subscribe(room_state("final"))
        peer.turn_until(lambda: bool(peer.received), "state")
        (told,) = [one.payload for one in peer.received]

    assert b"Anna" not in told
    assert b'"version":3' in told
    assert "passed over state offset=1" in bridge.log()


def test_after_a_crash_of_main_every_room_has_its_state_again(
    bridge: BridgeProcess, installed: Brokers
) -> None:
    bridge.change("final", entry(is_open=False))
    bridge.wait_for_state("final", '"open":false')
    installed.main.kill()
    installed.main.start()

    bridge.wait_for_state("final", '"open":false')


def test_a_bridge_that_starts_reads_what_rooms_take(bridge: BridgeProcess) -> None:
    bridge.kill()
    bridge.change("final", entry(), entry(is_open=False))
    bridge.start()

    bridge.wait_for_state("final", '"version":2')
