"""The system under test: one of the bench's own, or one that runs already."""

import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import psutil

from compose.credentials import Credentials
from compose.settings import Settings
from mosquitto.acl import BRIDGE
from tests.integration.processes import LOOPBACK
from tests.system.stack import Stack

HTTP_PORT = 80
MQTT_PORT = 1883
SUPERVISOR = "supervisord"


class NotUp(Exception):
    """The system does not start, or does not say how it is; the text is its output."""


@dataclass(frozen=True, slots=True)
class MainBroker:
    """Where frames are published."""

    host: str
    port: int
    user: str = ""
    """Nobody where the broker asks for nobody."""

    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class System:
    """Where to post, where to watch, and what to measure."""

    host: str
    port: int
    broker_host: str
    broker_port: int
    pids: Mapping[str, int] = field(default_factory=dict)
    """Name → process id; empty where its processes cannot be seen."""

    main: MainBroker | None = None
    """None where it is somebody else's."""

    fresh_mib: Mapping[str, float] = field(default_factory=dict)
    """Name → memory when it was first looked at."""

    @property
    def url(self) -> str:
        """Where clients register and react."""
        return f"http://{self.host}:{self.port}"


class _Process(msgspec.Struct):
    name: str
    pid: int | None


class _Status(msgspec.Struct):
    processes: list[_Process]


@contextmanager
def own_stack(
    settings: Mapping[str, str], kind: type[Stack] = Stack
) -> Iterator[tuple[Stack, float]]:
    """Run a system in a folder of its own; yield it and how long it took to be ready.

    It is stopped with the block. Its folder is deleted, unless something went wrong.

    Args:
        settings: What is to differ from the defaults.
        kind: As what it runs.

    Raises:
        NotUp: If it does not start, or does not stop.
    """
    folder = Path(tempfile.mkdtemp(prefix="emostream-bench-"))
    stack = kind(folder, settings)
    try:
        yield stack, _up(stack)
        stopped = stack.end()
    except KeyboardInterrupt:
        stack.end()
        shutil.rmtree(folder, ignore_errors=True)
        raise
    except BaseException as error:
        stack.end()  # whether that works or not, the reason is the earlier one
        error.add_note(f"The system's files: {folder}")
        raise
    if stopped.returncode != 0:
        raise NotUp(f"{stopped.stdout.strip()}\nThe system's files: {folder}")
    shutil.rmtree(folder)


def _up(stack: Stack) -> float:
    began_s = time.monotonic()
    up = stack.up()
    if up.returncode != 0:
        raise NotUp(up.stdout.strip())
    return time.monotonic() - began_s


def system_of(stack: Stack, *, see_processes: bool = True) -> System:
    """Describe a running stack, with its processes if they are to be measured.

    Raises:
        NotUp: If it does not say which processes it has.
    """
    pids = _pids(stack) if see_processes else {}
    settings = Settings.from_environment(stack.environment)
    password = Credentials.load(settings.state_dir).passwords[BRIDGE]
    return System(
        LOOPBACK,
        stack.http_port,
        LOOPBACK,
        stack.cluster_ports[0],
        pids,
        MainBroker(LOOPBACK, settings.main_port, BRIDGE, password),
        {name: rss_mib(pid) for name, pid in pids.items()},
    )


def rss_mib(pid: int) -> float:
    """Return the memory of one process; 0 if it is not there."""
    try:
        return float(psutil.Process(pid).memory_info().rss) / 1024**2
    except psutil.NoSuchProcess:
        return 0.0


def running_at(url_host: str, url_port: int, broker: str) -> System:
    """Describe a system that runs already; its processes are not ours to see.

    Args:
        url_host: Where it takes reactions.
        url_port: The same.
        broker: A cluster's broker, as HOST or HOST:PORT.
    """
    host, _, port = broker.partition(":")
    return System(url_host, url_port, host, int(port or MQTT_PORT))


def _pids(stack: Stack) -> dict[str, int]:
    told = stack.run("status", "--json").stdout
    try:
        status = msgspec.json.decode(told[told.index("{") :], type=_Status)
    except (ValueError, msgspec.MsgspecError) as error:
        raise NotUp(f"`status --json` says: {told.strip()}") from error
    pids = {one.name: one.pid for one in status.processes if one.pid}
    if not pids:
        raise NotUp(f"`status --json` names no process: {told.strip()}")
    parent = psutil.Process(next(iter(pids.values()))).ppid()
    return {**pids, SUPERVISOR: parent}
