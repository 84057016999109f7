"""Who wants which port, and who has it already."""

import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import psutil

from compose import network
from compose.errors import Refused
from compose.processes import Process
from compose.settings import LOOPBACK
from compose.supervision.orphans import MARKER

PORT_MAX = 65535

_ANYWHERE = ("0.0.0.0", "::")  # noqa: S104 - what is looked for, not listened on

_MAPPED = "::ffff:"
"""Java listens on IPv4 by a socket of IPv6, which calls the address so."""


class PortsTaken(Refused):
    """Some ports cannot be had; the text says which, who has them, what helps."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A port, who wants it, and the setting that moves it."""

    port: int
    process: str
    setting: str
    host: str = ""
    """Where it is open to a network beside loopback; empty: nowhere."""


def table(processes: Iterable[Process]) -> list[Wanted]:
    """List every port that the processes listen on."""
    return [
        Wanted(claim.port, process.name, claim.setting, claim.host)
        for process in processes
        for claim in process.ports
    ]


def check(wanted: Sequence[Wanted]) -> None:
    """Make sure that every port can be listened on.

    Raises:
        PortsTaken: If one cannot.
        BadSetting: If one is wanted at an address that this machine does not have.
    """
    complaints = clashes(wanted) or [
        f"port {want.port} ({want.process}) {why}: free it, or choose another"
        f" with {want.setting}"
        for want in wanted
        if (why := problem(want.port, want.host))
    ]
    if complaints:
        raise PortsTaken("\n".join(complaints))


def clashes(wanted: Iterable[Wanted]) -> list[str]:
    """Say which ports are wanted twice or do not exist."""
    first: dict[int, Wanted] = {}
    complaints = []
    for want in wanted:
        if want.port > PORT_MAX:
            complaints.append(
                f"{want.process} would need port {want.port}, which does not exist:"
                f" lower {want.setting}"
            )
        elif (other := first.setdefault(want.port, want)) is not want:
            complaints.append(
                f"port {want.port} is wanted by {other.process} and {want.process}:"
                f" change {other.setting} or {want.setting}"
            )
    return complaints


def problem(port: int, host: str = "") -> str | None:
    """Say why a port cannot be listened on; None if it can.

    Args:
        port: Which one.
        host: Where beside loopback; empty: nowhere.

    Raises:
        BadSetting: If this machine does not have the address of `host`.
    """
    found = (_problem_at(address, port) for address in network.listened(host))
    return next(filter(None, found), None)


def _problem_at(address: str, port: int) -> str | None:
    with socket.socket() as probe:
        # As servers do: connections of an earlier one that fade out are no matter.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except PermissionError:
            return "may not be used by this user"
        except OSError:
            where = "" if address == LOOPBACK else f" at {address}"
            return f"is in use{where} by {_described(holder(port, address))}"
    return None


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that listens on a port."""

    name: str
    pid: int
    state_dir: str | None
    """Of the EmoStream that it is part of, if it is."""


def holder(port: int, address: str = LOOPBACK) -> Holder | None:
    """Return who listens on `port` there, as far as this user may see it."""
    try:
        pids = [
            connection.pid
            for connection in psutil.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
            and connection.laddr
            and connection.laddr.port == port
            and connection.laddr.ip.removeprefix(_MAPPED) in {address, *_ANYWHERE}
        ]
        process = next(psutil.Process(pid) for pid in pids if pid)
        name = process.name()
    except (psutil.Error, StopIteration):
        return None
    try:
        return Holder(name, process.pid, process.environ().get(MARKER))
    except psutil.Error:
        return Holder(name, process.pid, None)


def _described(holder: Holder | None) -> str:
    if holder is None:
        return "another process"
    name = f"{holder.name} (process {holder.pid})"
    where = f" of the EmoStream in {holder.state_dir}"
    return f"{name}{where}" if holder.state_dir else name
