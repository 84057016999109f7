"""A whole system of the suite's own: free ports, a temporary folder, one command."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from xmlrpc.client import Error, ServerProxy

import psutil
from supervisor.xmlrpc import SupervisorTransport

from tests.integration.processes import LOOPBACK, free_port, free_ports

CLUSTERS = 3
WINDOW_S = 2

FOREIGN_SITE = "http://foreign.localhost"
"""An origin that the suite's system lets in; nobody serves it."""

UP_WITHIN_S = 420
"""Spark alone has been seen to take 80 s on a busy machine."""

RETURNS_WITHIN_S = 240
"""After a part was killed or started again: the stream may have to be, too."""

DOWN_WITHIN_S = 60
COMMAND_WITHIN_S = 120

_SINGLE_PORTS = (
    "HTTP_PORT",
    "KAFKA_PORT",
    "KAFKA_CONTROLLER_PORT",
    "STREAM_METRICS_PORT",
    "BRIDGE_METRICS_PORT",
    "AUDITOR_PORT",
    "MAIN_PORT",
)
_RUNS_OF_PORTS = ("CLUSTER_PORT", "CLUSTER_WS_PORT")
_LOG_TAIL_CHARS = 4000
_PRESET = "EMOSTREAM_PRESET"


class Stack:
    """The system as an operator has it: a command, a URL, and ports for viewers."""

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Describe a system.

        Args:
            folder: Where it may write.
            settings: What is to differ from the defaults: `STREAM_TRIGGER_MS` → value.
            environment: What else its processes find in theirs.
        """
        self._folder = folder
        ports = _free_ports()
        self.http_port = ports["HTTP_PORT"]
        self.kafka_port = ports["KAFKA_PORT"]
        self.main_port = ports["MAIN_PORT"]
        self.url = f"http://{LOOPBACK}:{self.http_port}"
        first = ports["CLUSTER_PORT"]
        self.cluster_ports = tuple(range(first, first + CLUSTERS))
        self._ports = {name: ports[name] for name in _SINGLE_PORTS}
        self.ports = (*self._ports.values(), *self.cluster_ports)
        own = {
            "STATE_DIR": folder / "state",
            "CLUSTERS": CLUSTERS,
            "STREAM_WINDOW_MS": WINDOW_S * 1000,
            **ports,
            **(settings or {}),
        }
        self._environment = {
            **_without_settings(os.environ.copy()),
            **(environment or {}),
            **{f"EMOSTREAM_{name}": str(value) for name, value in own.items()},
        }

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables with which its commands run."""
        return self._environment

    def port_of(self, setting: str) -> int:
        """Return the port that a setting names: `KAFKA_PORT`."""
        return self._ports[setting]

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of `emostream` with `arguments`."""
        return [str(Path(sys.executable).with_name("emostream")), *arguments]

    def run(
        self, *arguments: str, within_s: float = COMMAND_WITHIN_S
    ) -> subprocess.CompletedProcess[str]:
        """Run `emostream` to its end; stderr goes with stdout."""
        return self.to_end(self.command(*arguments), within_s)

    def to_end(
        self, command: Sequence[str], within_s: float, **beside: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end in this system's environment, and what is beside."""
        return subprocess.run(
            command,
            cwd=self._folder,  # no `.env` of somebody else
            env={**self._environment, **beside},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=within_s,
        )

    def spawn(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `emostream`; its stdout is a pipe."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            text=True,
        )

    @property
    def preset(self) -> str:
        """The preset with which it runs."""
        return self._environment.get(_PRESET, "default")

    def restart(self, preset: str) -> subprocess.CompletedProcess[str]:
        """Stop everything and start it again under a preset, with its data."""
        stopped = self.down()
        self._environment[_PRESET] = preset
        return self.up() if stopped.returncode == 0 else stopped

    def up(self) -> subprocess.CompletedProcess[str]:
        """Start what does not run yet."""
        return self.run("up", within_s=UP_WITHIN_S)

    def down(self) -> subprocess.CompletedProcess[str]:
        """Stop everything."""
        return self.run("down", within_s=DOWN_WITHIN_S)

    def end(self) -> subprocess.CompletedProcess[str]:
        """Stop everything for good."""
        return self.down()

    def kill(self, name: str) -> None:
        """Kill a part; what looks after it is to start it again."""
        os.kill(self.pids()[name], signal.SIGKILL)

    def pids(self) -> dict[str, int]:
        """Return the process id of each part that runs; asks supervisord in place.

        Its own command takes longer than some of what is aimed at.
        """
        transport = SupervisorTransport(None, None, f"unix://{self._supervisord()}")
        with suppress(OSError, Error), ServerProxy("http://-", transport) as server:
            known: Any = server.supervisor.getAllProcessInfo()
            return {one["name"]: one["pid"] for one in known if one["pid"]}
        return {}  # supervisord itself is not there

    def processes(self) -> list[psutil.Process]:
        """Return all that runs of it: whatever has its state folder as a setting."""
        variable = "EMOSTREAM_STATE_DIR"
        return [
            process
            for process in psutil.process_iter(["environ"])
            if (process.info["environ"] or {}).get(variable)
            == self._environment[variable]
        ]

    def host_url(self, room: str) -> str:
        """Return a link that makes whoever opens it the room's host."""
        said = self.run("host-url", room)
        found = re.search(r"http\S+", said.stdout)
        assert said.returncode == 0, said.stdout
        assert found, said.stdout
        return found[0]

    def supervisorctl(self, *arguments: str) -> str:
        """Give an order to supervisord, past `emostream`; return what it says."""
        server = f"unix://{self._supervisord()}"
        tool = [sys.executable, "-m", "supervisor.supervisorctl", "-s", server]
        return subprocess.run(
            [*tool, *arguments],
            cwd=self._folder,  # no configuration of somebody else
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=COMMAND_WITHIN_S,
        ).stdout

    def _supervisord(self) -> Path:
        return Path(self.environment["EMOSTREAM_STATE_DIR"], "run", "supervisor.sock")

    def log_tails(self) -> Iterator[tuple[str, str]]:
        """Yield the end of each log."""
        for file in sorted((self._folder / "state" / "log").glob("*.log")):
            yield file.stem, file.read_text(errors="replace")[-_LOG_TAIL_CHARS:]


def wait_until(done: Callable[[], bool], what: str) -> None:
    """Wait for what comes back by itself, or fail."""
    deadline = time.monotonic() + RETURNS_WITHIN_S
    while not done():
        assert time.monotonic() < deadline, f"{what}: not in {RETURNS_WITHIN_S} s"
        time.sleep(0.2)


def listeners_on(port: int) -> set[psutil.Process]:
    """Return the processes that listen on `port`: a server and its workers."""
    pids = {
        connection.pid
        for connection in psutil.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
        and connection.laddr
        and connection.laddr.port == port
        and connection.pid
    }
    found = set()
    for pid in pids:
        with suppress(psutil.NoSuchProcess):  # it ended between the two looks
            found.add(psutil.Process(pid))
    return found


def _without_settings(environment: dict[str, str]) -> dict[str, str]:
    """Drop the settings of another system; where the jars are is the machine's."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith("EMOSTREAM_") or name == "EMOSTREAM_JARS_DIR"
    }


def _free_ports() -> dict[str, int]:
    """Choose ports: of clusters one more than run, for one that comes later."""
    return {name: free_port() for name in _SINGLE_PORTS} | {
        name: free_ports(CLUSTERS + 1) for name in _RUNS_OF_PORTS
    }
