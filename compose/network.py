"""Where this machine is reached on a network, and what is open there: nothing usually.

`EMOSTREAM_PUBLIC_HOST` opens HTTP and the clusters' WebSockets at one address, beside
loopback. All else listens on loopback alone, whatever that says.
"""

import ipaddress
import socket
from collections.abc import Sequence

from compose.settings import LOOPBACK, BadSetting, variable


def public_address(host: str) -> str:
    """Return the IPv4 address of this machine that `host` is; empty if it is empty.

    An address of 127.0.0.0/8 may be named as such, for trying it out.

    Raises:
        BadSetting: If it is no address of this machine that another could reach; says
            which this machine has.
    """
    if not host:
        return ""
    resolved = _resolved(host)
    # Debian gives a machine's own name to 127.0.1.1: nobody else gets there by it.
    meant = [one for one in resolved if one == host or not _is_loopback(one)]
    found = next(filter(_is_ours, meant), None)
    if found is None:
        what = f", which is {', '.join(resolved)}," if host not in resolved else ""
        raise _refusal(f"{host}{what} is no address of this machine on a network.")
    return found


def listened(host: str, bind_host: str = LOOPBACK) -> Sequence[str]:
    """Return where to listen for who may come from a network: loopback first.

    Args:
        host: The public host, if there is one.
        bind_host: Where all that is ours listens. If that is not loopback, it is a
            container's: its ports are opened to a network by who runs it.

    Raises:
        BadSetting: If `host` is no address of this machine.
    """
    if bind_host != LOOPBACK:
        return [bind_host]
    public = public_address(host)
    return [LOOPBACK, *([public] if public else [])]


def own_addresses() -> list[str]:
    """Return the IPv4 addresses at which others may reach this machine."""
    import psutil  # noqa: PLC0415 - a light install, which serves nothing, lacks it

    return [
        address.address
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family is socket.AF_INET and not _is_loopback(address.address)
    ]


def _resolved(host: str) -> list[str]:
    try:
        found = socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_STREAM)
    except OSError as error:
        raise _refusal(f"{host} is a name that this machine cannot resolve.") from error
    return [str(address[0]) for *_, address in found]


def _refusal(why: str) -> BadSetting:
    has = ", ".join(own_addresses()) or "none"
    return BadSetting(f"{variable('public_host')}={why} It has: {has}.")


def _is_ours(address: str) -> bool:
    """Tell whether it is one of ours alone, and not served in any case."""
    if not _is_loopback(address):
        return address in own_addresses()
    if address == LOOPBACK:
        return False
    # Not every system has all of 127.0.0.0/8, and none lists it.
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback
