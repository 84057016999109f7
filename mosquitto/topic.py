"""The MQTT topic grammar: the one place where a topic is spelt.

A function for each kind of topic builds it; given `ANY` it builds the filter of
all of its kind. Those called `…_of` take one apart. Who may use which is
`mosquitto.acl`'s business.
"""

import re
from enum import StrEnum

MAIN_ROOM = "main"
"""The room of a reaction that names none."""

ROOM_PATTERN = "[a-z0-9][a-z0-9-]{0,62}"

CLIENT_ID_PATTERN = "[A-Za-z0-9_-]{1,64}"
"""Of whoever joins: nothing in it means anything to a broker."""

ANY = "+"
"""In place of a name: whatever stands there."""

_WILDCARDS = {ANY, "#"}

BRIDGE_TIME = "bridge_ms"
"""MQTT 5 user property of a frame: when the bridge sent it, in milliseconds since the
epoch. A 3.1.1 client does not see it."""

WORKER_TIME = "worker_ms"
"""The same of a relayed frame: when the worker sent it."""

CONTROL_PULSE = "control/pulse"
"""The stream's sign of life, every two seconds, not retained."""

SPREAD = "spread_s"
"""MQTT 5 user property of a relayed frame: over how many seconds the cluster's clients
spread out if its broker dies now. Who joined early was told another number."""

CONTROL_MOVE = "control/move"
"""Which clusters their registered clients are asked to leave, all of them, retained."""

_NAME_PATTERN = "[a-z0-9][a-z0-9-]{0,31}"
"""Of a cluster and of a worker."""

_ROOM = re.compile(ROOM_PATTERN)
_CLIENT_ID = re.compile(CLIENT_ID_PATTERN)
_NAME = re.compile(_NAME_PATTERN)
_FRAME = re.compile(f"rooms/({ROOM_PATTERN})/frame")
_WISH = re.compile(f"clients/({CLIENT_ID_PATTERN})/(join|leave|evict)")
_MEMBER = re.compile(f"members/([0-9]{{1,4}})/({CLIENT_ID_PATTERN})")
_STATUS = re.compile(f"workers/({_NAME_PATTERN})/({_NAME_PATTERN})/status")
_LINK = re.compile(f"clusters/({_NAME_PATTERN})/link")


class BadRoom(ValueError):
    """The text is not a room id."""


class BadClientId(ValueError):
    """The text is not the id of a client that may join."""


class BadName(ValueError):
    """The text is not the name of a cluster or a worker."""


class Wish(StrEnum):
    """What is wanted for a client: the last level of its topic."""

    JOIN = "join"
    LEAVE = "leave"
    EVICT = "evict"


def check_room(room: str) -> str:
    """Return `room` if it is a room id.

    Raises:
        BadRoom: If it is not.
    """
    if not _ROOM.fullmatch(room):
        raise BadRoom(f"{room!r} is not a room: {ROOM_PATTERN}")
    return room


def check_client_id(client_id: str) -> str:
    """Return `client_id` if who has it may join.

    Raises:
        BadClientId: If it is not.
    """
    if not _CLIENT_ID.fullmatch(client_id):
        raise BadClientId(f"{client_id!r} is not a client id: {CLIENT_ID_PATTERN}")
    return client_id


def check_name(name: str) -> str:
    """Return `name` if a cluster or a worker can be called so.

    Raises:
        BadName: If it cannot.
    """
    if not _NAME.fullmatch(name):
        raise BadName(f"{name!r} is not a name: {_NAME_PATTERN}")
    return name


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


def client_evict(client_id: str) -> str:
    """Return the topic on which an operator has a client put out."""
    return f"clients/{client_id}/evict"


def wish_of(topic: str) -> tuple[str, Wish] | None:
    """Return for which client `topic` asks for what, if it does."""
    match = _WISH.fullmatch(topic)
    return (match[1], Wish(match[2])) if match else None


def client_of(topic: str) -> str:
    """Return the second level: whose topic it is, if it is a client's."""
    return topic.split("/")[1]


def client_assignment(client_id: str) -> str:
    """Return the topic on which a client is told its slot."""
    return f"clients/{client_id}/assignment"


def is_at_or_below(topic: str, root: str) -> bool:
    """Tell whether `topic` is `root` or one level of its own below it, no filter."""
    above, _, level = topic.rpartition("/")
    return topic == root or (above == root and not _WILDCARDS & {*level})


def member(slot: str, client_id: str) -> str:
    """Return the topic where a slot's worker keeps a membership, retained."""
    return f"members/{slot}/{client_id}"


def member_of(topic: str) -> tuple[str, str] | None:
    """Return the slot and the client of whose membership `topic` tells, if it does."""
    match = _MEMBER.fullmatch(topic)
    return (match[1], match[2]) if match else None


def member_slot(topic: str) -> str:
    """Return the slot of whose memberships a topic or filter tells, if it does."""
    first, _, rest = topic.partition("/")
    return rest.partition("/")[0] if first == "members" else ""


def worker_status(cluster: str, worker: str) -> str:
    """Return the topic of a worker's sign of life, retained; also its will's."""
    return f"workers/{cluster}/{worker}/status"


def worker_of(topic: str) -> tuple[str, str] | None:
    """Return the cluster and the name of the worker that `topic` tells of."""
    match = _STATUS.fullmatch(topic)
    return (match[1], match[2]) if match else None


def cluster_link(cluster: str) -> str:
    """Return the topic where a cluster's pull bridge says 1 (up) or 0, retained."""
    return f"clusters/{cluster}/link"


def linked_cluster(topic: str) -> str | None:
    """Return the cluster of whose link `topic` tells, if it does."""
    match = _LINK.fullmatch(topic)
    return match and match[1]
