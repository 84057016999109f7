"""`watch` as a process, against a real broker."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from stream.frame import Pulse
from tests.frames import hearts
from tests.integration.processes import (
    LOOPBACK,
    accepts,
    end,
    free_port,
    spawn,
    wait_until,
)

EPOCH = "2026-11-20T18:00:00.000Z"
SOON_S = 30
SHOW_CURSOR = "\x1b[?25h"


def frame(seq: int) -> bytes:
    return hearts(seq, seq=seq, epoch=EPOCH).encode()


class Broker:
    """A mosquitto that lets everyone do everything."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._config = folder / "broker.conf"
        self._config.write_text(
            f"listener {self.port} {LOOPBACK}\nallow_anonymous true\n"
        )

    def start(self) -> None:
        command = ["mosquitto", "-c", str(self._config)]
        self._process = spawn(command, self._folder / "broker.log")
        wait_until(lambda: accepts(self.port), within_s=SOON_S, what="mosquitto")

    def stop(self) -> None:
        end(self._process, within_s=SOON_S)

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call] # paho's
        properties.UserProperty = [("bridge_ms", "1310")]
        client = Client(
            CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5
        )
        client.connect(LOOPBACK, self.port)
        client.loop_start()
        sent = client.publish(topic, payload, 1, retain, properties)
        sent.wait_for_publish(SOON_S)
        client.disconnect()
        client.loop_stop()

    def publish_frame(self, seq: int, *, retain: bool = False) -> None:
        self.publish("rooms/final/frame", frame(seq), retain=retain)

    def pulse(self) -> None:
        self.publish("control/pulse", Pulse(v=1, epoch=EPOCH, sent_ms=0).encode())


class Watch:
    """A running `watch`, and what it has said so far."""

    def __init__(self, folder: Path, port: int, *options: str) -> None:
        self._out, self._err = folder / "watch.out", folder / "watch.err"
        broker = f"{LOOPBACK}:{port}"
        command = [sys.executable, "-m", "clients", "watch", "--broker", broker]
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [*command, "--room", "final", *options], stdout=out, stderr=err
            )

    def lines(self) -> list[str]:
        return self._out.read_text().splitlines()

    def notes(self) -> str:
        return self._err.read_text()

    def wait_for_note(self, text: str) -> None:
        wait_until(lambda: text in self.notes(), within_s=SOON_S, what=text)

    def wait_for_line(self, text: str) -> str:
        def found() -> list[str]:
            return [line for line in self.lines() if text in line]

        wait_until(lambda: bool(found()), within_s=SOON_S, what=text)
        return found()[-1]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(tmp_path)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def watch(broker: Broker, tmp_path: Path) -> Iterator[Watch]:
    broker.publish_frame(1, retain=True)
    watch = Watch(tmp_path, broker.port, "--trace")
    watch.wait_for_line("total=1 ")
    yield watch
    end(watch.process, within_s=SOON_S)


def test_the_retained_frame_comes_first_and_says_nothing_of_time(watch: Watch) -> None:
    [line] = watch.lines()

    assert "room=final total=1 mood=love sentiment=positive ❤️=1" in line
    assert "ms" not in line


def test_pulse_and_frames_make_the_room_quiet_live_and_stale(
    broker: Broker, watch: Watch
) -> None:
    broker.pulse()
    watch.wait_for_note("quiet: ")
    broker.publish_frame(2)
    watch.wait_for_note("live: ")
    assert "stored→made=300ms made→bridge=10ms" in watch.wait_for_line("total=2 ")
    watch.wait_for_note("stale: ")


def test_an_older_frame_and_an_unreadable_one_are_passed_over(
    broker: Broker, watch: Watch
) -> None:
    broker.publish_frame(5)
    broker.publish_frame(4)
    for _ in range(2):
        broker.publish("rooms/final/frame", b"?")
    broker.publish_frame(6)
    watch.wait_for_line("total=6 ")

    assert [line.split()[2] for line in watch.lines()] == [
        "total=1",
        "total=5",
        "total=6",
    ]
    assert watch.notes().count("unreadable") == 1


def test_it_finds_back_to_a_broker_that_went_away(broker: Broker, watch: Watch) -> None:
    broker.stop()
    watch.wait_for_note("(The c")
    broker.start()
    broker.publish_frame(2, retain=True)

    watch.wait_for_line("total=2 ")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_without_a_trace_when_interrupted(
    watch: Watch, number: signal.Signals
) -> None:
    watch.process.send_signal(number)

    assert watch.process.wait(SOON_S) == 0
    assert "Traceback" not in watch.notes()


def test_it_ends_without_a_trace_when_nobody_reads_any_more(broker: Broker) -> None:
    broker.publish_frame(1, retain=True)
    address = f"{LOOPBACK}:{broker.port}"
    command = [sys.executable, "-m", "clients", "watch", "--room", "final"]
    with subprocess.Popen(
        [*command, "--broker", address], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        assert b"total=1" in process.stdout.readline()
        process.stdout.close()
        broker.publish_frame(2)
        assert process.wait(SOON_S) == 0
        assert b"Error" not in process.stderr.read()


def test_without_a_broker_it_keeps_trying_and_says_why(tmp_path: Path) -> None:
    watch = Watch(tmp_path, free_port())

    watch.wait_for_note("(Connection refused)")
    assert watch.process.poll() is None
    end(watch.process, within_s=SOON_S)


def test_a_terminal_gets_a_table(broker: Broker) -> None:
    broker.publish_frame(1, retain=True)
    ours, theirs = os.openpty()
    address = f"{LOOPBACK}:{broker.port}"
    command = [sys.executable, "-m", "clients", "watch", "--room", "final"]
    process = subprocess.Popen(
        [*command, "--broker", address],
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "30"},
    )
    os.close(theirs)
    try:
        shown = read_until(ours, "100%")
        process.send_signal(signal.SIGINT)
        shown += read_until(ours, None)
        assert process.wait(SOON_S) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)

    assert "mood love 100%" in shown
    assert shown.rstrip().endswith(SHOW_CURSOR)


def read_until(terminal: int, text: str | None) -> str:
    """Read until `text` was shown, or until the terminal has no user left."""
    shown = ""
    while text is None or text not in shown:
        try:
            shown += os.read(terminal, 65536).decode(errors="replace")
        except OSError:
            break
    return shown
