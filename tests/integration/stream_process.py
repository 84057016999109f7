"""The stream as a process of a test's own, and a look at what it writes."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import psutil
from confluent_kafka import Consumer
from confluent_kafka import TopicPartition as At
from prometheus_client.parser import text_string_to_metric_families

import stream.topics
from compose.plain_http import get
from ingest.topics import reactions
from stream.room_log import LogReader
from stream.windows import RoomState
from tests.integration.kafka_server import KafkaServer
from tests.integration.processes import LOOPBACK, free_port, spawn, wait_until

FRAME_WITHIN_S = 300
"""Spark's start alone takes up to 80 s on a busy machine."""

READABLE_WITHIN_S = 0.1
"""What Kafka is granted to make frames readable once their transaction is to end."""

RUNS = "query running"
"""In its log at each start, once its JVM is there and before it counts anything."""


class StreamProcess:
    """One `python -m stream` after another, over the same topics and checkpoint.

    `command` is another module of that kind with its arguments.
    """

    def __init__(
        self,
        kafka: KafkaServer,
        folder: Path,
        command: Sequence[str] = ("stream",),
        **settings: object,
    ) -> None:
        self.kafka, self.folder = kafka, folder
        self._command = command
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
        self._frames: list[dict[str, Any]] = []

    @cached_property
    def _tail(self) -> "FrameTail":
        return FrameTail(self)

    @property
    def checkpoint(self) -> Path:
        """Spark's checkpoint."""
        return self.folder / "data" / "stream" / "checkpoint"

    def environment(self, **others: object) -> dict[str, str]:
        """Return what makes another process one of the same system."""
        chosen = {**self._settings, **others}
        own = {f"EMOSTREAM_{k.upper()}": str(v) for k, v in chosen.items()}
        return {**os.environ, **own}

    def start(self) -> None:
        """Start it; it is not ready yet."""
        # A port of its own: one that hangs still holds the last one.
        self._settings["stream_metrics_port"] = free_port()
        self._process = spawn(
            [sys.executable, "-m", *self._command],
            self.folder / "stream.log",
            environment=self.environment(),
        )

    def kill(self) -> None:
        """End it and its JVM as a crash of the machine does."""
        if self._process is None:
            return
        signal_all(family(self._process), signal.SIGKILL)
        self._process.wait()
        self._process = None

    def kill_between_frames_and_commit(self) -> None:
        """End it when a new trigger's frames can be read, before Spark commits it.

        There are milliseconds between the two. So from when the frames are written,
        their transaction still open, it runs for one millisecond at a time, and Kafka
        works on meanwhile. Called when it has just been started: the first new
        trigger counts all that came while nothing ran.
        """
        runs = self.log().count(RUNS)
        seq = max((frame["seq"] for frame in self.frames()), default=-1)
        written = FrameTail(self, new_only=True, uncommitted=True)
        readable = FrameTail(self, new_only=True)
        self._wait_until(lambda: self.log().count(RUNS) > runs, what="the query")
        # To find whom to stop takes longer than there is.
        all_of_it = family(self._running())
        while written.wait()["seq"] <= seq:
            pass
        signal_all(all_of_it, signal.SIGSTOP)
        while not readable.has_after(seq):
            signal_all(all_of_it, signal.SIGCONT)
            time.sleep(0.001)
            signal_all(all_of_it, signal.SIGSTOP)
        signal_all(all_of_it, signal.SIGKILL)
        self.kill()

    def hang(self) -> subprocess.Popen[bytes]:
        """Let it hang, its JVM too; the next `start` starts another beside it."""
        assert self._process
        signal_all(family(self._process), signal.SIGSTOP)
        hung, self._process = self._process, None
        return hung

    def stop(self) -> int:
        """End it in order and return its exit code."""
        assert self._process
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(FRAME_WITHIN_S)
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
        self._frames += self._tail.read_on()
        return [*self._frames]

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
        families = text_string_to_metric_families(get(url, within_s=30).text)
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
        assert self._running().poll() is None, f"the stream ended:\n{self.log()}"

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process, "the stream is not running"
        return self._process

    def _wait_until(self, ready: Callable[[], bool], *, what: str) -> None:
        def ready_or_ended() -> bool:
            self.assert_running()
            return ready()

        wait_until(ready_or_ended, within_s=FRAME_WITHIN_S, what=what)


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
                "log_level": 0,  # it may outlive its Kafka
            }
        )
        self._topic = stream.topics.frames(process.prefix).name
        low, end = self._bounds()
        self._at = At(self._topic, 0, end if new_only else low)
        self._consumer.assign([self._at])

    def wait(self, *, revive: bool = False) -> dict[str, Any]:
        """Return the next frame as soon as it can be read.

        Args:
            revive: Whether a stream that ends by itself meanwhile is started again.
        """
        look = self._process.revive if revive else self._process.assert_running
        deadline = time.monotonic() + FRAME_WITHIN_S
        while (frame := self._poll(0.5)) is None:
            look()
            if time.monotonic() > deadline:
                raise TimeoutError(f"a frame: not within {FRAME_WITHIN_S} s")
        return frame

    def has_after(self, seq: int) -> bool:
        """Tell whether a frame of a later trigger can be read, now or in a moment."""
        while (frame := self._poll(READABLE_WITHIN_S)) is not None:
            if frame["seq"] > seq:
                return True
        return False

    def read_on(self) -> list[dict[str, Any]]:
        """Return the frames from the last one read to where the log ends now."""
        frames = []
        _, end = self._bounds()
        deadline = time.monotonic() + FRAME_WITHIN_S
        while self._position() < end:
            assert time.monotonic() < deadline, "the log's end is not reached"
            if (frame := self._poll(0.2)) is not None:
                frames.append(frame)
        return frames

    def _bounds(self) -> tuple[int, int]:
        bounds = self._consumer.get_watermark_offsets(At(self._topic, 0), 30)
        assert bounds is not None
        return bounds

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


def family(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Return what a process started, and itself at last."""
    with contextlib.suppress(psutil.NoSuchProcess):
        parent = psutil.Process(process.pid)
        return [*parent.children(recursive=True), parent]
    return []


def signal_all(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    """Send a signal to each that is still there."""
    for one in processes:
        # Spark starts commands that live for milliseconds.
        with contextlib.suppress(psutil.NoSuchProcess):
            one.send_signal(number)


def position(frame: Mapping[str, Any]) -> tuple[str, int, int]:
    """Return what orders the frames of a room."""
    return (frame["epoch"], frame["seq"], frame["window_start_ms"])
