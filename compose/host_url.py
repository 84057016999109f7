"""`emostream host-url`: a link that makes whoever has it the host of a room.

The token stands behind the `#`: no browser sends that to any server, so that no log and
no proxy has it.
"""

import time
from datetime import UTC, datetime

from compose import running
from compose.credentials import Credentials
from compose.errors import Refused
from compose.settings import LOOPBACK, Settings
from ingest.host_link import Grant, HostLinks
from ingest.room_state import NAME_MAX_CHARS
from mosquitto.topic import BadRoom, check_room

_HOUR_S = 3600


def text(settings: Settings, room: str, *, by: str, hours: int) -> str:
    """Return a link, and what it is good for.

    Args:
        settings: Whose system.
        room: Whose host it makes.
        by: What the room's log calls this host.
        hours: How long it is good.

    Raises:
        Refused: If there can be no such link, or nothing was ever started here.
    """
    check_name(by)
    until_s = int(time.time()) + hours * _HOUR_S
    token = token_of(settings, Grant(checked(room), by, until_s))
    now = running.runs_with(settings)
    address = f"http://{now.public_host or LOOPBACK}:{now.http_port}"
    until = datetime.fromtimestamp(until_s, UTC).astimezone()
    return (
        f"{address}/host/{room}#{token}\n"
        f"Whoever has this link can close the room {room} and choose its emoji, as"
        f" {by}, until {until:%Y-%m-%d %H:%M %Z}."
    )


def token_of(settings: Settings, grant: Grant) -> str:
    """Return a grant's token, under the secret of this installation.

    Raises:
        Refused: If there is none, because nothing was ever started here.
    """
    try:
        secret = Credentials.load(settings.state_dir).host
    except FileNotFoundError:
        secret = ""
    if not secret:
        raise Refused(
            "Nothing was started here yet: `emostream up` makes the key first."
        )
    return HostLinks(secret).token(grant)


def checked(room: str) -> str:
    """Return a room that there can be.

    Raises:
        Refused: If there cannot.
    """
    try:
        return check_room(room)
    except BadRoom as error:
        raise Refused(f"{error}.") from error


def check_name(by: str) -> None:
    """Return if a host can be called so.

    Raises:
        Refused: If it cannot.
    """
    if not (by.isprintable() and 1 <= len(by) <= NAME_MAX_CHARS):
        raise Refused(f"A host's name is 1 to {NAME_MAX_CHARS} characters on one line.")
