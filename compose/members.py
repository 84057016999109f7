"""Who is a member of which cluster, asked of the clusters' brokers."""

import logging
import secrets
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

from clients.event import CaughtUp, Lost, Message
from clients.link import Address, Link
from clients.web.listing import Listed, Listing
from clients.worker.wire import BadMessage, Membership
from compose import running
from compose.brokers import cluster_address, cluster_names
from compose.credentials import Credentials
from compose.layout import Layout
from compose.scaling import drains
from compose.settings import Settings
from mosquitto.acl import OPERATOR
from mosquitto.placement import all_slots
from mosquitto.topic import ANY, member, member_of

_KEEPALIVE_S = 2
"""A broker that hangs is given up after twice as long."""

log = logging.getLogger(__name__)


class _Unanswered(Exception):
    """The broker cannot be asked."""


def members(settings: Settings, room: str | None = None) -> Listing:
    """Return the members of a room, or of all rooms, in all clusters that run.

    Takes some seconds where a broker hangs.

    Raises:
        FileNotFoundError: If no system was ever started with these settings.
    """
    password = Credentials.load(settings.state_dir).passwords[OPERATOR]
    clusters = drains.open_of(cluster_names(settings), Layout(settings.state_dir))
    brokers = [_broker(settings, name, password) for name in clusters]
    with ThreadPoolExecutor(max(1, len(clusters))) as pool:
        found = [*pool.map(_ask, clusters, brokers)]
    return Listing(
        tuple(
            client
            for listed in found
            for client in listed or ()
            if room in {None, client.room}
        ),
        tuple(
            cluster
            for cluster, listed in zip(clusters, found, strict=True)
            if listed is None
        ),
    )


def members_now(settings: Settings, room: str | None = None) -> Listing:
    """Return the same of the clusters that run now, whatever these settings say.

    Since the start of who asks, some may have come or gone.
    """
    return members(running.runs_with(settings), room)


def count(settings: Settings, cluster: str) -> int | None:
    """Return how many members a cluster's broker knows; None if it cannot be asked."""
    password = Credentials.load(settings.state_dir).passwords[OPERATOR]
    found = _ask(cluster, _broker(settings, cluster, password))
    return None if found is None else len(found)


def _broker(settings: Settings, cluster: str, password: str) -> Address:
    # Nobody can guess it, and so nobody can throw this reader off.
    client_id = f"{OPERATOR}-{secrets.token_hex(8)}"
    host, port = cluster_address(settings, cluster)
    return Address(host, port, OPERATOR, password, client_id)


def _ask(cluster: str, broker: Address) -> list[Listed] | None:
    """Return a cluster's members by their ids; None if it cannot be asked."""
    try:
        kept = _kept(broker)
    except _Unanswered as error:
        log.warning("no answer cluster=%s reason=%r", cluster, str(error))
        return None
    return sorted(_listed(cluster, kept), key=lambda client: client.client_id)


def _kept(broker: Address) -> Mapping[str, bytes]:
    """Return what a broker retains of its members, by topic.

    Raises:
        _Unanswered: If it does not say all of it.
    """
    awaited = {member(slot, ANY) for slot in all_slots()}
    kept: dict[str, bytes] = {}
    link = Link(broker, awaited, keepalive_s=_KEEPALIVE_S)
    try:
        for event in link.events():
            match event:
                case Lost(reason=reason):
                    raise _Unanswered(reason)
                case Message(topic=topic, payload=payload):
                    kept[topic] = payload
                case CaughtUp(topics=topics):
                    awaited -= topics
                    if not awaited:
                        return kept
                case _:
                    pass
    finally:
        link.close()
    raise AssertionError("a link's events do not end")


def _listed(cluster: str, kept: Mapping[str, bytes]) -> Iterator[Listed]:
    for topic, payload in kept.items():
        named = member_of(topic)
        if not named or not payload:  # it has left meanwhile
            continue
        slot, client_id = named
        try:
            of = Membership.decode(payload)
        except BadMessage as error:
            log.warning("unreadable topic=%s reason=%s", topic, error)
            continue
        yield Listed(
            client_id=client_id,
            cluster=cluster,
            slot=slot,
            room=of.room,
            profile=of.profile,
        )
