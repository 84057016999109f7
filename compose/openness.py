"""What is open to a network, and what somebody there can do: told when it is opened."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO

import segno

from compose import network
from compose.brokers import cluster_names
from compose.settings import LOOPBACK, Settings, variable


@dataclass(frozen=True, slots=True)
class Opening:
    """A port that a network reaches."""

    where: str
    what: str
    """What anybody may do there, and what limits them."""


def openings(settings: Settings) -> Sequence[Opening]:
    """Return what the public host opens; nothing, if there is none.

    Raises:
        BadSetting: If it is no address of this machine.
    """
    address = network.public_address(settings.public_host)
    if not address:
        return ()
    per_s = settings.address_requests_per_s * settings.web_workers
    burst = settings.address_burst * settings.web_workers
    web = Opening(
        f"http://{address}:{settings.http_port}",
        "pages; react, register, read frames, ledger and health;"
        f" {per_s} requests a second an address, {burst} at once",
    )
    sockets = [
        Opening(
            f"ws://{address}:{settings.cluster_ws_port + index}",
            f"{cluster}: watch any room, join; nothing limits how many connect",
        )
        for index, cluster in enumerate(cluster_names(settings))
    ]
    return [web, *sockets]


def page_url(settings: Settings) -> str:
    """Return where a person opens the page of the room `main`."""
    return f"http://{settings.public_host or LOOPBACK}:{settings.http_port}/"


def text(settings: Settings, *, with_code: bool) -> str:
    """Return what is open and to whom; empty if nothing is.

    Args:
        settings: What was chosen.
        with_code: Whether to add a QR code of the page, for a terminal.

    Raises:
        BadSetting: If the public host is no address of this machine.
    """
    found = openings(settings)
    if not found:
        return ""
    lines = "\n".join(f"  {one.where}  {one.what}" for one in found)
    url = page_url(settings)
    code = f"\n\n{_code(url)}" if with_code else ""
    return f"""
Open to everybody who reaches {settings.public_host} ({variable("public_host")}):
{lines}
No key is needed for that, and nothing is encrypted. Closed to them: changing a room
(the host's link), who has joined (the operator's key), and everything else, which
listens on {LOOPBACK} alone: MQTT over TCP, main, Kafka, metrics.
On a phone: {url}{code}
"""


def _code(url: str) -> str:
    """Return a QR code in half lines, as a terminal shows it."""
    out = StringIO()
    segno.make(url, micro=False).terminal(out, border=2, compact=True)
    return out.getvalue().rstrip("\n")
