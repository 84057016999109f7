"""Putting a client out: said to its cluster's workers until one of them has done it."""

import secrets
import time

from clients.event import CaughtUp, Lost, Message
from clients.link import Address, Link
from clients.parcel import Parcel
from clients.web.listing import Listed
from compose.brokers import cluster_address
from compose.credentials import Credentials
from compose.errors import Refused
from compose.settings import Settings
from mosquitto import topic
from mosquitto.acl import OPERATOR

WITHIN_S = 10.0
"""Three for the others to take the slot of a worker that hangs, and then some."""

_AGAIN_AFTER_S = 1.0
"""Who takes a slot over has heard nothing of what was said to the one before."""

_KEEPALIVE_S = 2
"""A broker that hangs is given up after twice as long."""


def put_out(settings: Settings, client: Listed, within_s: float = WITHIN_S) -> None:
    """Have a client put out, and return when its membership is gone.

    Raises:
        Refused: If its cluster's broker does not answer, or no worker does it in time.
    """
    kept = topic.member(client.slot, client.client_id)
    wish = Parcel(topic.client_evict(client.client_id), b"evict", qos=1)
    link = Link(_operator(settings, client.cluster), [kept], keepalive_s=_KEEPALIVE_S)
    until_s = time.monotonic() + within_s
    again_s = float("inf")
    try:
        for event in link.events():
            match event:
                case Lost(reason=reason):
                    raise Refused(
                        f"{client.cluster} does not answer ({reason}): whether"
                        f" {client.client_id} is out is not known."
                    )
                case Message(payload=b""):
                    return
                case CaughtUp():
                    again_s = event.at_s
                case _:
                    pass  # only time has passed
            if event.at_s >= again_s:
                again_s = event.at_s + _AGAIN_AFTER_S
                link.publish(wish)
            if event.at_s >= until_s:
                raise Refused(
                    f"No worker of {client.cluster} has put {client.client_id} out"
                    f" within {within_s:.0f} s: `emostream status` says what is wrong."
                )
    finally:
        link.close()


def _operator(settings: Settings, cluster: str) -> Address:
    password = Credentials.load(settings.state_dir).passwords[OPERATOR]
    # Nobody can guess it, and so nobody can throw this connection off.
    client_id = f"{OPERATOR}-{secrets.token_hex(8)}"
    host, port = cluster_address(settings, cluster)
    return Address(host, port, OPERATOR, password, client_id)
