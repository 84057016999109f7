"""The MQTT topic grammar: the one place where a topic is spelt.

A function for each kind of topic builds it; `room_of` takes one apart. Who may
use which is `mosquitto.acl`'s business.
"""

import re

MAIN_ROOM = "main"
"""The room of a reaction that names none."""

ROOM_PATTERN = "[a-z0-9][a-z0-9-]{0,62}"

CONTROL_PULSE = "control/pulse"
"""The stream's sign of life, every two seconds, not retained."""

_ROOM = re.compile(ROOM_PATTERN)
_FRAME = re.compile(f"rooms/({ROOM_PATTERN})/frame")


class BadRoom(ValueError):
    """The text is not a room id."""


def check_room(room: str) -> str:
    """Return `room` if it is a room id.

    Raises:
        BadRoom: If it is not.
    """
    if not _ROOM.fullmatch(room):
        raise BadRoom(f"{room!r} is not a room: {ROOM_PATTERN}")
    return room


def room_frame(room: str) -> str:
    """Return the topic of a room's newest frame, retained."""
    return f"rooms/{room}/frame"


def room_of(topic: str) -> str | None:
    """Return the room whose frames `topic` carries, if it does."""
    match = _FRAME.fullmatch(topic)
    return match and match[1]


def cluster_link(cluster: str) -> str:
    """Return the topic where a cluster's pull bridge says 1 (up) or 0, retained."""
    return f"clusters/{cluster}/link"
