"""`emostream clients`: who has joined, one of them, and putting one out.

For the operator: the clusters' brokers are asked under a password of the state folder.
"""

import logging
import sys

import msgspec
from rich.console import Console
from rich.status import Status
from rich.table import Table

from clients.web.listing import Listed, Listing
from compose import contained, running
from compose.brokers import cluster_names, cluster_port
from compose.errors import Refused
from compose.eviction import put_out
from compose.layout import Layout
from compose.members import members
from compose.scaling import drains
from compose.settings import LOOPBACK, Settings
from mosquitto.topic import (
    BadClientId,
    BadRoom,
    check_client_id,
    check_room,
    relay,
)

_TITLES = ("client", "cluster", "slot", "room", "profile")


def show_all(settings: Settings, room: str | None, *, as_json: bool) -> bool:
    """Print who has joined a room, or any; return whether every cluster answered.

    Raises:
        Refused: If no cluster answers, or no room can be called so.
    """
    try:
        wanted = None if room is None else check_room(room)
    except BadRoom as error:
        raise Refused(f"{error}.") from error
    found = _asked(running.runs_with(settings), wanted)
    if as_json:
        sys.stdout.write(f"{msgspec.json.encode(found).decode()}\n")
        return not found.unanswered
    if found.clients:
        Console().print(_table(found))
    where = f" the room {wanted}" if wanted else ""
    number = f"{len(found.clients):,}" if found.clients else "No"
    noun = "client has" if len(found.clients) <= 1 else "clients have"
    sys.stdout.write(f"{number} {noun} joined{where}.\n")
    return not _missed(found, "who joined there is missing")


def show_one(settings: Settings, client_id: str) -> None:
    """Print where a client is served.

    Raises:
        Refused: If no such client has joined, as far as is known.
    """
    runs_with = running.runs_with(settings)
    texts = [_text(runs_with, client) for client in _memberships(runs_with, client_id)]
    sys.stdout.write("\n".join(texts))


def evict(settings: Settings, client_id: str) -> None:
    """Have a client put out, wherever it has joined, and say when that is done.

    Raises:
        Refused: If there is no such client, or it could not be put out.
    """
    runs_with = running.runs_with(settings)
    for client in _memberships(runs_with, client_id):
        with _working(f"{client.cluster} puts {client_id} out"):
            put_out(runs_with, client)
        sys.stdout.write(
            f"Put {client_id} out of the room {client.room}, at {client.cluster}.\n"
        )


def _asked(settings: Settings, room: str | None = None) -> Listing:
    # It logs which cluster did not answer: here that is said in a sentence.
    logging.getLogger("compose.members").addHandler(logging.NullHandler())
    try:
        with _working("asking the clusters"):
            found = members(settings, room)
    except FileNotFoundError as error:
        raise Refused(
            f"EmoStream is not running: {contained.starts(settings)} starts it."
        ) from error
    asked = drains.open_of(cluster_names(settings), Layout(settings.state_dir))
    if len(found.unanswered) == len(asked):
        raise Refused(
            f"No cluster answers: {contained.starts(settings)} starts the system; if it"
            " runs, `emostream status` says what is wrong."
        )
    return found


def _memberships(settings: Settings, client_id: str) -> list[Listed]:
    """Return where a client has joined: in two clusters if it has just moved."""
    try:
        check_client_id(client_id)
    except BadClientId as error:
        raise Refused(f"{error}.") from error
    found = _asked(settings)
    its = [client for client in found.clients if client.client_id == client_id]
    _missed(found, "it may have joined there")
    if not its:
        raise Refused(f"No client {client_id!r} has joined.")
    return its


def _missed(found: Listing, meaning: str) -> bool:
    """Say which clusters could not be asked; return whether there were any."""
    for cluster in found.unanswered:
        sys.stderr.write(f"{cluster} does not answer: {meaning}.\n")
    return bool(found.unanswered)


def _working(words: str) -> Status:
    """Return what shows on a terminal that this is still at work."""
    return Console(stderr=True).status(words)


def _table(found: Listing) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in _TITLES:
        table.add_column(title, overflow="fold")
    for one in found.clients:
        table.add_row(one.client_id, one.cluster, one.slot, one.room, one.profile)
    return table


def _text(settings: Settings, client: Listed) -> str:
    facts = {
        "client": client.client_id,
        "cluster": client.cluster,
        "broker": f"{LOOPBACK}:{cluster_port(settings, client.cluster)}",
        "slot": client.slot,
        "room": client.room,
        "profile": client.profile,
        "topic": relay(client.slot, client.room, client.profile),
    }
    return "".join(f"{name:<8} {value}\n" for name, value in facts.items())
