"""The two kinds of broker: main, and one a cluster that pulls from it."""

from pathlib import Path

from mosquitto.config import Broker, Listener, Pull

VIEWERS_MAX = 20_000
"""MQTT connections of a cluster's broker: as many as one core serves."""

_MAIN_QUEUE_MAX = 100_000
"""An edge that connects gets every room at once, and none may be dropped."""

_CLUSTER_QUEUE_MAX = 8
"""A slow viewer loses stale frames; the broker's memory does not grow."""


def main_broker(*, port: int, folder: Path, user: str) -> Broker:
    """Describe the main broker; every client of it has a password.

    Args:
        port: Where it listens.
        folder: Where its ACL and its passwords lie.
        user: Whom it becomes if started as root.
    """
    return Broker(
        title="main: takes every room's frames from the bridge",
        listeners=(Listener(port),),
        acl_file=folder / "main.acl",
        password_file=folder / "main.passwd",
        anonymous=False,
        queued_max=_MAIN_QUEUE_MAX,
        user=user,
    )


def cluster_broker(
    *, port: int, websocket_port: int, folder: Path, user: str, pull: Pull
) -> Broker:
    """Describe a cluster's broker; anybody may watch.

    Args:
        port: Where it listens for MQTT.
        websocket_port: Where it listens for MQTT over WebSockets.
        folder: Where its ACL and its passwords lie.
        user: Whom it becomes if started as root.
        pull: Its link to the main broker.
    """
    name = pull.cluster
    return Broker(
        title=f"{name}: pulls every room from main and serves those who watch",
        listeners=(
            Listener(port, connections_max=VIEWERS_MAX),
            Listener(websocket_port, websockets=True, connections_max=VIEWERS_MAX),
        ),
        acl_file=folder / f"{name}.acl",
        password_file=folder / f"{name}.passwd",
        anonymous=True,
        queued_max=_CLUSTER_QUEUE_MAX,
        user=user,
        pull=pull,
    )
