"""Orders to a running supervisord, typed, over its Unix socket.

supervisor's own transport has no time limit: a hung supervisord would hang us.
"""

import enum
import http.client
import socket
import xmlrpc.client
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compose.errors import Refused

ANSWER_WITHIN_S = 4.0
STOP_WITHIN_S = 30.0

REVIVER = "reviver"
"""The one process that supervisord itself starts, and starts again."""

_SHUTTING_DOWN = 6
_ALREADY_STARTED = 60
_NOT_RUNNING = 70


class NoSupervisor(Refused):
    """supervisord could not be started, or does not answer."""


class SupervisorEnds(NoSupervisor):
    """supervisord stops everything and takes no orders any more."""


class StartRefused(Refused):
    """supervisord could not run the command of a process."""


class State(enum.StrEnum):
    """What supervisord thinks of a process."""

    STOPPED = "STOPPED"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    BACKOFF = "BACKOFF"
    STOPPING = "STOPPING"
    EXITED = "EXITED"
    FATAL = "FATAL"
    UNKNOWN = "UNKNOWN"

    @property
    def is_alive(self) -> bool:
        """Whether there is a process."""
        return self in {State.STARTING, State.RUNNING, State.STOPPING}


@dataclass(frozen=True, slots=True)
class ProcessInfo:
    """What supervisord knows of a process."""

    name: str
    group: str
    state: State
    pid: int
    """0 where there is none."""

    started_at: int
    """Seconds since the epoch; of the last start."""

    exit_status: int
    """Of the last end; -1 where a signal was the reason."""

    stopped_at: int = 0
    """Seconds since the epoch; of the last end."""

    spawn_error: str = ""
    """Why the last start came to nothing, in supervisord's words."""

    @property
    def address(self) -> str:
        """The name by which supervisord takes orders for it."""
        return f"{self.group}:{self.name}"


class Supervisor:
    """A running supervisord; every call may be made from any thread."""

    def __init__(self, socket_path: Path) -> None:
        self._socket_path = socket_path

    def answers(self) -> bool:
        """Tell whether it runs and takes orders."""
        try:
            self._call("getState")
        except NoSupervisor:
            return False
        return True

    def pid(self) -> int:
        """Return its process id."""
        return int(self._call("getPID"))

    def processes(self) -> dict[str, ProcessInfo]:
        """Return what it runs, by name."""
        return {info["name"]: _read(info) for info in self._call("getAllProcessInfo")}

    def start(self, process: ProcessInfo) -> None:
        """Start a process and return without waiting for it.

        Raises:
            StartRefused: If its command cannot be run.
        """
        try:
            self._call("startProcess", process.address, False)  # noqa: FBT003
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != _ALREADY_STARTED:
                raise StartRefused(fault.faultString) from fault

    def stop(self, process: ProcessInfo) -> None:
        """Ask a process to end and return once it has, or was killed."""
        try:
            self._call("stopProcess", process.address, within_s=STOP_WITHIN_S)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != _NOT_RUNNING:
                raise NoSupervisor(fault.faultString) from fault

    def shutdown(self) -> None:
        """Have it stop everything, the last layer first, and then end itself."""
        self._call("shutdown")

    def _call(
        self, method: str, *arguments: object, within_s: float = ANSWER_WITHIN_S
    ) -> Any:  # noqa: ANN401 - whatever XML-RPC brings
        transport = _Transport(self._socket_path, within_s)
        try:
            with xmlrpc.client.ServerProxy("http://localhost", transport) as proxy:
                return getattr(proxy.supervisor, method)(*arguments)
        except (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError) as e:
            raise NoSupervisor(f"supervisord does not answer: {e}") from e
        except xmlrpc.client.Fault as fault:
            if fault.faultCode == _SHUTTING_DOWN:
                raise SupervisorEnds("supervisord is ending") from fault
            raise


def _read(info: dict[str, Any]) -> ProcessInfo:
    return ProcessInfo(
        name=info["name"],
        group=info["group"],
        state=State(info["statename"]),
        pid=info["pid"],
        started_at=info["start"],
        exit_status=info["exitstatus"],
        stopped_at=info["stop"],
        spawn_error=info["spawnerr"],
    )


class _Transport(xmlrpc.client.Transport):
    """Speaks over a Unix socket, each answer within a limit."""

    def __init__(self, path: Path, answer_within_s: float) -> None:
        super().__init__()
        self._path = path
        self._answer_within_s = answer_within_s

    def make_connection(self, host: object) -> http.client.HTTPConnection:
        del host
        return _Connection(self._path, self._answer_within_s)


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path, answer_within_s: float) -> None:
        super().__init__("localhost", timeout=answer_within_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
