"""`emostream host-log`: who changed what in a room, as its hosts see it."""

import time
from datetime import UTC, datetime

import httpx
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from clients.server import http_client, url_of
from compose import contained, running
from compose.errors import Refused
from compose.host_url import checked, token_of
from compose.settings import Settings
from ingest.host_link import Grant
from ingest.room_state import Change

_ASKED_WITHIN_S = 60
_OURS = "operator"

_TITLES = ("when", "who", "room", "emoji", "muted")


class Log(msgspec.Struct, frozen=True):
    """What the server answers: a room's changes, the newest first."""

    room: str
    changes: tuple[Change, ...]


class _Refusal(msgspec.Struct):
    help: str = ""


def show(settings: Settings, room: str, *, as_json: bool) -> None:
    """Print a room's changes, the newest first.

    Args:
        settings: Whose system.
        room: Which room.
        as_json: For programs: as the server says it, on one line.

    Raises:
        Refused: If they cannot be asked for, or nobody answers.
    """
    said = _asked(settings, checked(room))
    console = Console(soft_wrap=as_json)
    if as_json:
        console.out(msgspec.json.encode(said).decode(), highlight=False)
    elif said.changes:
        console.print(_table(said))
    else:
        console.out(f"Nobody has changed the room {room}.", highlight=False)


def _asked(settings: Settings, room: str) -> Log:
    now = running.runs_with(settings)
    base = f"http://{now.http_host}:{now.http_port}"
    url = url_of(base, f"v1/rooms/{room}/changes")
    token = token_of(settings, Grant(room, _OURS, int(time.time()) + _ASKED_WITHIN_S))
    try:
        with http_client(url) as client:
            answer = client.get(url, headers={"Authorization": f"Bearer {token}"})
        if not answer.is_success:
            said = msgspec.json.decode(answer.content, type=_Refusal)
            raise Refused(said.help or f"{base} answers {answer.status_code}.")
        return msgspec.json.decode(answer.content, type=Log)
    except httpx.HTTPError as error:
        raise Refused(
            f"Nobody answers at {base} ({error}): {contained.starts(now)} starts the"
            " system."
        ) from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Refused(f"{base} is no EmoStream: {error}.") from error


def _table(said: Log) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in _TITLES:
        table.add_column(title, overflow="fold")
    for change in said.changes:
        when = datetime.fromtimestamp(change.changed_ms / 1000, UTC).astimezone()
        table.add_row(
            f"{when:%Y-%m-%d %H:%M:%S}",
            Text(change.by),
            "open" if change.open else "closed",
            "any" if change.emoji is None else " ".join(change.emoji),
            " ".join(change.muted),
        )
    return table
