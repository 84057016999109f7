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
REREAD_WITHIN_S = 15.0
"""A thousand processes make a long file."""

REVIVER = "reviver"
"""The one process that supervisord itself starts, and starts again."""

_SHUTTING_DOWN = 6
_BAD_NAME = 10
_ALREADY_STARTED = 60
_NOT_RUNNING = 70
_ALREADY_ADDED = 90
_STILL_RUNNING = 91


class NoSupervisor(Refused):
    """supervisord could not be started, or does not answer."""


class SupervisorEnds(NoSupervisor):
    """supervisord stops everything and takes no orders any more."""


class StartRefused(Refused):
    """supervisord could not run the command of a process."""


class StillRunning(Refused):
    """A process runs, and supervisord forgets only what does not."""


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

    def is_gone(self) -> bool:
        """Tell whether it has ended, or is ending; one that is silent has not."""
        try:
            self._call("getState")
        except SupervisorEnds:
            return True
        except NoSupervisor as error:
            nobody = (FileNotFoundError, ConnectionRefusedError)
            return isinstance(error.__cause__, nobody)
        return False

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

    def tell_to_stop(self, process: ProcessInfo) -> None:
        """Ask a process to end, and return at once; it is killed after its time."""
        try:
            self._call("stopProcess", process.address, False)  # noqa: FBT003
        except xmlrpc.client.Fault as fault:
            if fault.faultCode not in {_NOT_RUNNING, _BAD_NAME}:
                raise NoSupervisor(fault.faultString) from fault

    def priorities(self) -> dict[str, int]:
        """Return the places in the order of need, as the configuration has them."""
        told = self._call("getAllConfigInfo", within_s=REREAD_WITHIN_S)
        return {one["name"]: int(one["group_prio"]) for one in told}

    def reread(self) -> None:
        """Have it read its configuration again; what runs is left as it is.

        Raises:
            NoSupervisor: If it cannot read that.
        """
        try:
            self._call("reloadConfig", within_s=REREAD_WITHIN_S)
        except xmlrpc.client.Fault as fault:
            raise NoSupervisor(fault.faultString) from fault

    def add(self, name: str) -> None:
        """Have it know a process that it has read of; harmless if it does."""
        try:
            self._call("addProcessGroup", name)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != _ALREADY_ADDED:
                raise NoSupervisor(fault.faultString) from fault

    def remove(self, name: str) -> None:
        """Have it forget a process that has ended; harmless if it does not know it.

        Raises:
            StillRunning: If it has not ended.
        """
        try:
            self._call("removeProcessGroup", name)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode == _STILL_RUNNING:
                raise StillRunning(f"{name} has not ended") from fault
            if fault.faultCode != _BAD_NAME:
                raise NoSupervisor(fault.faultString) from fault

    def shutdown(self) -> None:
        """Have it stop whatever runs, in groups one by one, and then end itself."""
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
