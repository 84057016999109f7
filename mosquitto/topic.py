"""The MQTT topic grammar: the one place where a topic is spelt.

A function for each kind of topic builds it; given `ANY` it builds the filter of
all of its kind. `room_of` takes one apart. Who may use which is `mosquitto.acl`'s
business.
"""

import re

MAIN_ROOM = "main"
"""The room of a reaction that names none."""

ROOM_PATTERN = "[a-z0-9][a-z0-9-]{0,62}"

ANY = "+"
"""In place of a name: whatever stands there."""

BRIDGE_TIME = "bridge_ms"
"""MQTT 5 user property of a frame: when the bridge sent it, in milliseconds since the
epoch. A 3.1.1 client does not see it."""

CONTROL_PULSE = "control/pulse"
"""The stream's sign of life, every two seconds, not retained."""

CONTROL_MOVE = "control/move"
"""An operator asks clients to take another broker, not retained."""

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


def room_moment(room: str) -> str:
    """Return the topic of a room's eruptions, retained."""
    return f"rooms/{room}/moment"


def room_state(room: str) -> str:
    """Return the topic that says whether a room is open, retained."""
    return f"rooms/{room}/state"


def room_of(topic: str) -> str | None:
    """Return the room whose frames `topic` carries, if it does."""
    match = _FRAME.fullmatch(topic)
    return match and match[1]


def relay(slot: str, room: str, profile: str) -> str:
    """Return the topic on which a slot's clients get a room's frames, retained."""
    return f"relay/{slot}/{room}/{profile}"


def client_join(client_id: str) -> str:
    """Return the topic on which a client asks for a room's frames."""
    return f"clients/{client_id}/join"


def client_leave(client_id: str) -> str:
    """Return the topic on which a client says that it goes; also its will's."""
    return f"clients/{client_id}/leave"


def client_assignment(client_id: str) -> str:
    """Return the topic on which a client is told its slot."""
    return f"clients/{client_id}/assignment"


def member(slot: str, client_id: str) -> str:
    """Return the topic where a slot's worker keeps a membership, retained."""
    return f"members/{slot}/{client_id}"


def worker_status(cluster: str, worker: str) -> str:
    """Return the topic of a worker's sign of life, retained; also its will's."""
    return f"workers/{cluster}/{worker}/status"


def cluster_link(cluster: str) -> str:
    """Return the topic where a cluster's pull bridge says 1 (up) or 0, retained."""
    return f"clusters/{cluster}/link"
