"""The two kinds of broker: main, and one a cluster that pulls from it."""

from collections.abc import Sequence
from pathlib import Path

from mosquitto.config import LOOPBACK, Broker, Listener, Pull

VIEWERS_MAX = 20_000
"""MQTT connections of a cluster's broker, unless told: as many as one core serves."""

_MAIN_QUEUE_MAX = 100_000
"""An edge that connects gets every room at once, and none may be dropped."""

_CLUSTER_QUEUE_MAX = 8
"""A slow viewer loses stale frames; the broker's memory does not grow."""


def main_broker(
    *, port: int, folder: Path, user: str, address: str = LOOPBACK
) -> Broker:
    """Describe the main broker; every client of it has a password.

    Args:
        port: On which it listens.
        folder: Where its ACL and its passwords lie.
        user: Whom it becomes if started as root.
        address: Where it listens.
    """
    return Broker(
        title="main: takes every room's frames from the bridge",
        listeners=(Listener(port, address),),
        acl_file=folder / "main.acl",
        password_file=folder / "main.passwd",
        anonymous=False,
        queued_max=_MAIN_QUEUE_MAX,
        user=user,
    )


def cluster_broker(  # noqa: PLR0913 - what differs between two of them
    *,
    port: int,
    websocket_port: int,
    folder: Path,
    user: str,
    pull: Pull,
    connections_max: int = VIEWERS_MAX,
    address: str = LOOPBACK,
    websocket_addresses: Sequence[str] = (LOOPBACK,),
) -> Broker:
    """Describe a cluster's broker; anybody may watch.

    Args:
        port: On which it listens for MQTT.
        websocket_port: On which it listens for MQTT over WebSockets.
        folder: Where its ACL and its passwords lie.
        user: Whom it becomes if started as root.
        pull: Its link to the main broker.
        connections_max: Who comes beyond them is sent away, also a worker. Mosquitto
            does not count those who come over WebSockets.
        address: Where it listens for MQTT.
        websocket_addresses: Where it listens for MQTT over WebSockets.
    """
    name = pull.cluster
    return Broker(
        title=f"{name}: pulls every room from main and serves those who watch",
        listeners=(
            Listener(port, address, connections_max=connections_max),
            *(
                Listener(
                    websocket_port,
                    address,
                    websockets=True,
                    connections_max=connections_max,
                )
                for address in websocket_addresses
            ),
        ),
        acl_file=folder / f"{name}.acl",
        password_file=folder / f"{name}.passwd",
        anonymous=True,
        queued_max=_CLUSTER_QUEUE_MAX,
        user=user,
        pull=pull,
    )
