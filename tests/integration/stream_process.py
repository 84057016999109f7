"""The stream as a process of a test's own, and a look at what it writes."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import psutil
from confluent_kafka import Consumer
from confluent_kafka import TopicPartition as At
from prometheus_client.parser import text_string_to_metric_families

import stream.topics
from ingest.topics import reactions
from stream.room_log import LogReader
from stream.windows import RoomState
from tests.integration.kafka_server import KafkaServer
from tests.integration.processes import LOOPBACK, free_port, spawn, wait_until

FRAME_WITHIN_S = 120
"""Spark's start alone takes up to 80 s on a busy machine."""


QUICK_JVM = {"JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
"""A JVM that lives for seconds: no time to optimise what it compiles."""


class StreamProcess:
    """One `python -m stream` after another, over the same topics and checkpoint."""

    def __init__(self, kafka: KafkaServer, folder: Path, **settings: object) -> None:
        self.kafka, self.folder = kafka, folder
        self.prefix = f"{folder.name}."
        kafka.create(reactions(self.prefix, partitions=2, retention_bytes=1 << 30))
        kafka.create(stream.topics.frames(self.prefix))
        kafka.create(stream.topics.rooms(self.prefix))
        self._settings = {
            "state_dir": folder,
            "kafka_servers": kafka.servers,
            "kafka_topic_prefix": self.prefix,
            "spark_driver_memory_mb": 512,
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def checkpoint(self) -> Path:
        """Spark's checkpoint."""
        return self.folder / "data" / "stream" / "checkpoint"

    def start(self) -> None:
        """Start it; it is not ready yet."""
        # A port of its own: one that hangs still holds the last one.
        self._settings["stream_metrics_port"] = free_port()
        own = {f"EMOSTREAM_{k.upper()}": str(v) for k, v in self._settings.items()}
        own |= QUICK_JVM
        self._process = spawn(
            [sys.executable, "-m", "stream"],
            self.folder / "stream.log",
            environment={**os.environ, **own},
        )

    def kill(self) -> None:
        """End it and its JVM as a crash of the machine does."""
        if self._process is None:
            return
        signal_tree(self._process, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def kill_between_frames_and_commit(self) -> None:
        """End it, if it can be done, when a trigger's frames are written.

        From there to Spark's commit it takes milliseconds: whom to kill is found
        before, and the frames are seen while their transaction is still open.
        """
        assert self._process is not None
        tail = FrameTail(self, new_only=True, uncommitted=True)
        seq = tail.wait()["seq"]
        parent = psutil.Process(self._process.pid)
        family = [*parent.children(recursive=True), parent]
        while tail.wait()["seq"] == seq:
            pass
        for one in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        self.kill()

    def hang(self) -> subprocess.Popen[bytes]:
        """Let it hang, its JVM too; the next `start` starts another beside it."""
        assert self._process
        signal_tree(self._process, signal.SIGSTOP)
        hung, self._process = self._process, None
        return hung

    def stop(self) -> int:
        """End it in order and return its exit code."""
        assert self._process
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(60)
        self._process = None
        return code

    def log(self) -> str:
        """Return what it wrote."""
        return (self.folder / "stream.log").read_text(errors="replace")

    def last_done(self) -> int:
        """Return the newest trigger that was completed."""
        names = [path.name for path in (self.checkpoint / "commits").glob("[0-9]*")]
        return max((int(name) for name in names if name.isdigit()), default=-1)

    def frames(self) -> list[dict[str, Any]]:
        """Return every frame written so far, in the order of the log."""
        return FrameTail(self).read_all()

    def states(self) -> dict[str, RoomState]:
        """Return what it knows of each room."""
        reader = LogReader(self.kafka.servers)
        states = reader.states(stream.topics.rooms(self.prefix).name)
        reader.close()
        return states

    def totals(self) -> dict[str, int]:
        """Return each room's total in its newest frame."""
        newest: dict[str, dict[str, Any]] = {}
        for frame in self.frames():
            known = newest.get(frame["room"])
            if known is None or position(frame) >= position(known):
                newest[frame["room"]] = frame
        return {room: frame["total"] for room, frame in newest.items()}

    def metric(self, name: str, **labels: str) -> float:
        """Return one of its metrics; 0 where it has none so labelled."""
        url = f"http://{LOOPBACK}:{self._settings['stream_metrics_port']}/metrics"
        families = text_string_to_metric_families(httpx.get(url).text)
        samples = [sample for family in families for sample in family.samples]
        return next(
            (
                each.value
                for each in samples
                if (each.name, each.labels) == (name, labels)
            ),
            0,
        )

    def wait_for_metric(self, name: str) -> None:
        """Wait until there is anything that this metric counts."""
        wait_until(
            lambda: self.metric(name) > 0, within_s=FRAME_WITHIN_S, what=f"a {name}"
        )

    def wait_for_totals(self, book: Mapping[str, int]) -> None:
        """Wait until every room's total is what `book` says, or show both."""
        deadline = time.monotonic() + FRAME_WITHIN_S
        while (totals := self.totals()) != book and time.monotonic() < deadline:
            self.assert_running()
            time.sleep(0.3)
        assert totals == book

    def revive(self) -> None:
        """Start it again if it ended by itself, as the runner would."""
        if self._process is None or self._process.poll() is not None:
            self.start()

    def assert_running(self) -> None:
        """Fail at once, with its log, if it ended by itself."""
        assert self._process, "the stream is not running"
        assert self._process.poll() is None, f"the stream ended:\n{self.log()}"


class FrameTail:
    """Reads the frames from the log's start, or only those that come from now on."""

    def __init__(
        self,
        process: StreamProcess,
        *,
        new_only: bool = False,
        uncommitted: bool = False,
    ) -> None:
        self._process = process
        isolation = "read_uncommitted" if uncommitted else "read_committed"
        self._consumer = Consumer(
            {
                "bootstrap.servers": process.kafka.servers,
                "group.id": "tests",
                "isolation.level": isolation,
                "enable.auto.commit": False,
                "fetch.wait.max.ms": 5,
            }
        )
        topic = stream.topics.frames(process.prefix).name
        bounds = self._consumer.get_watermark_offsets(At(topic, 0), 10)
        assert bounds is not None
        low, self._end = bounds
        self._at = At(topic, 0, self._end if new_only else low)
        self._consumer.assign([self._at])

    def wait(self) -> dict[str, Any]:
        """Return the next frame as soon as it can be read."""
        frame: dict[str, Any] | None = None

        def came() -> bool:
            nonlocal frame
            frame = self._poll(0.005)
            return frame is not None

        def came_or_ended() -> bool:
            self._process.assert_running()
            return came()

        wait_until(came_or_ended, within_s=FRAME_WITHIN_S, what="a frame")
        assert frame is not None
        return frame

    def read_all(self) -> list[dict[str, Any]]:
        """Return the frames up to where the log ended when this began."""
        frames = []
        deadline = time.monotonic() + 5
        while self._position() < self._end and time.monotonic() < deadline:
            if (frame := self._poll(0.2)) is not None:
                frames.append(frame)
        self._consumer.close()
        return frames

    def _position(self) -> int:
        position = self._consumer.position([self._at])[0].offset
        return max(position, self._at.offset)

    def _poll(self, timeout_s: float) -> dict[str, Any] | None:
        message = self._consumer.poll(timeout_s)
        if message is None or message.error() is not None:
            return None
        value, key = message.value(), message.key()
        if value is None or key == stream.topics.PULSE_KEY:
            return None
        return dict(json.loads(value))


def signal_tree(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to a process and to what it started."""
    gone = contextlib.suppress(psutil.NoSuchProcess)
    with gone:
        parent = psutil.Process(process.pid)
        for one in [*parent.children(recursive=True), parent]:
            with gone:  # Spark starts commands that live for milliseconds
                one.send_signal(number)


def position(frame: Mapping[str, Any]) -> tuple[str, int, int]:
    """Return what orders the frames of a room."""
    return (frame["epoch"], frame["seq"], frame["window_start_ms"])
