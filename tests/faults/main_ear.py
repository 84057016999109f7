"""What the main broker has: a look through an operator's eyes."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from compose.settings import Settings
from tests.integration.mqtt_peer import Login, Peer, Refused

_OPERATOR = "operator"
_ROOMS = "rooms/+/frame"


@contextmanager
def listening_to_main(settings: Settings) -> Iterator[Peer]:
    """Connect to main as its operator."""
    with Peer(settings.main_port, _login(settings.state_dir)) as peer:
        yield peer


def retained_frames(settings: Settings) -> dict[str, bytes]:
    """Return the newest frame of each room that main has, by topic.

    None at all if main is not there.
    """
    try:
        with listening_to_main(settings) as peer:
            peer.subscribe(_ROOMS)
            peer.catch_up()
            return {one.topic: bytes(one.payload) for one in peer.received}
    except (OSError, Refused, AssertionError):  # the last: it does not answer
        return {}


def _login(state_dir: Path) -> Login:
    known = json.loads((state_dir / "credentials.json").read_text())
    return Login(_OPERATOR, known["passwords"][_OPERATOR])
