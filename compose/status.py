"""How the running system is: each process, and how fresh what it shows is."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil

from compose.brokers import cluster_names
from compose.mqtt_reader import BrokerRefused, read
from compose.settings import Settings
from compose.supervisor_rpc import ProcessInfo, State
from mosquitto.topic import ANY, CONTROL_PULSE, room_frame, room_of
from stream.frame import BadFrame, Frame, Pulse

_LOOK_S = 3.5
"""Long enough for a pulse to come: there is one every two seconds."""


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """A process as a person wants to see it."""

    name: str
    state: State
    pid: int
    running_s: float
    restarts: int
    memory_bytes: int
    """Of the process and all that it started."""

    @property
    def is_up(self) -> bool:
        """Whether it runs."""
        return self.state in {State.STARTING, State.RUNNING}


@dataclass(frozen=True, slots=True)
class ClusterView:
    """What a viewer of a cluster's broker sees; None where nothing came."""

    name: str
    frame_age_s: float | None
    pulse_age_s: float | None


def processes(
    known: Sequence[ProcessInfo], supervisor_log: Path
) -> list[ProcessStatus]:
    """Describe what supervisord knows, with what the system knows of it."""
    restarts = count_restarts(_read(supervisor_log))
    return [
        ProcessStatus(
            name=info.name,
            state=info.state,
            pid=info.pid,
            running_s=max(0, time.time() - info.started_at) if info.pid else 0,
            restarts=restarts.get(info.name, 0),
            memory_bytes=_memory(info.pid) if info.pid else 0,
        )
        for info in known
    ]


def count_restarts(supervisor_log: str) -> dict[str, int]:
    """Count how often each process was started again, from supervisord's log.

    Only since supervisord itself was started, and as far as the log goes back.
    """
    starts: dict[str, int] = {}
    for line in supervisor_log.splitlines():
        if "supervisord started with pid" in line:
            starts.clear()
        elif " spawned: '" in line:
            name = line.split("'")[1]
            starts[name] = starts.get(name, 0) + 1
    return {name: count - 1 for name, count in starts.items()}


def clusters(settings: Settings) -> list[ClusterView]:
    """Look at every cluster's broker as an anonymous viewer, all at once."""
    names = cluster_names(settings)
    ports = [settings.cluster_port + index for index in range(len(names))]
    with ThreadPoolExecutor(max_workers=len(names)) as pool:
        return list(pool.map(_look, names, ports))


def _look(name: str, port: int) -> ClusterView:
    try:
        came = read(
            port,
            [room_frame(ANY), CONTROL_PULSE],
            within_s=_LOOK_S,
            until=lambda received: CONTROL_PULSE in received,
            linger=True,
        )
    except BrokerRefused:
        return ClusterView(name, None, None)
    now_ms = time.time() * 1000
    made = [made_ms for topic, raw in came.items() if (made_ms := _made_ms(topic, raw))]
    return ClusterView(
        name,
        frame_age_s=(now_ms - max(made)) / 1000 if made else None,
        pulse_age_s=_pulse_age_s(came.get(CONTROL_PULSE), now_ms),
    )


def _made_ms(topic: str, raw: bytes) -> int | None:
    if room_of(topic) is None:
        return None
    try:
        return Frame.decode(raw).times.made_ms
    except BadFrame:
        return None


def _pulse_age_s(raw: bytes | None, now_ms: float) -> float | None:
    try:
        return (now_ms - Pulse.decode(raw).sent_ms) / 1000 if raw else None
    except BadFrame:
        return None


def _memory(pid: int) -> int:
    """Return the resident memory of a process and its descendants, in bytes."""
    total = 0
    try:
        root = psutil.Process(pid)
        family = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    for process in family:
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def _read(file: Path) -> str:
    return file.read_text(errors="replace") if file.exists() else ""
