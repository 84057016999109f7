"""The machine that a container runs on, as the container's network knows it."""

import socket
import struct
from pathlib import Path

_ROUTES = Path("/proc/net/route")
_DEFAULT = "00000000"
_GATEWAY = 0x2


def host_address(routes: Path = _ROUTES) -> str | None:
    """Return where the default route leads: who comes from there is on this machine.

    Docker forwards what others send as theirs, and what this machine sends to a
    published port as the gateway's.

    Returns:
        An IPv4 address; None where there is no such route.
    """
    for line in routes.read_text().splitlines()[1:]:
        _, destination, gateway, flags, *_ = line.split()
        if destination == _DEFAULT and int(flags, 16) & _GATEWAY:
            return socket.inet_ntoa(struct.pack("=L", int(gateway, 16)))
    return None
