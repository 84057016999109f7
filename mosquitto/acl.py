"""Who may read and write what, as data, rendered to the text mosquitto reads.

Two matrices: the main broker's, where every client has a name, and a cluster
broker's, which strangers watch. What no line grants is denied, and no line grants
`#`. A subscription itself is never refused: mosquitto asks for each message.
`mosquitto.matrix` shows the same as a table.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from mosquitto import topic
from mosquitto.topic import ANY

BRIDGE = "bridge"
WEB = "web"
WORKER = "worker"
OPERATOR = "operator"

ANYONE = ""
"""Whoever connects without a name."""

OWN = "%c"
"""In place of a client id: the client's own. Such a line is everybody's."""


class Access(StrEnum):
    """What a right allows."""

    READ = "read"
    WRITE = "write"
    BOTH = "readwrite"
    DENY = "deny"
    """Neither, whatever else grants it."""


@dataclass(frozen=True, slots=True)
class Right:
    """One user may do one thing with the topics of one filter."""

    user: str
    access: Access
    filter: str

    def line(self) -> str:
        """Return the right's line in the file."""
        kind = "pattern" if OWN in self.filter else "topic"
        return f"{kind} {self.access} {self.filter}"


_ROOMS = (topic.room_frame(ANY), topic.room_moment(ANY), topic.room_state(ANY))
_CONTROL = (topic.CONTROL_PULSE, topic.CONTROL_MOVE)
_HEALTH = (topic.worker_status(ANY, ANY), topic.cluster_link(ANY))
_WISHES = (topic.client_join(ANY), topic.client_leave(ANY), topic.client_evict(ANY))
_SPLIT_ID = f"{ANY}/{ANY}"
_SPLIT = (
    topic.client_join(_SPLIT_ID),
    topic.client_leave(_SPLIT_ID),
    topic.client_assignment(_SPLIT_ID),
    f"clients/{ANY}/{ANY}/{ANY}/{ANY}/#",
)
"""What a stranger would own whose id has a `/`. Mosquitto itself grants nothing of its
own to an id with `+` or `#`."""
_BROKER = "$SYS/#"


def edge_user(cluster: str) -> str:
    """Return the user as whom a cluster's pull bridge connects to the main broker."""
    return f"edge-{cluster}"


def main_rights(clusters: Iterable[str]) -> list[Right]:
    """List every right on the main broker."""
    rights = [
        *_rights(BRIDGE, Access.WRITE, *_ROOMS, topic.CONTROL_PULSE),
        *_rights(WEB, Access.READ, *_ROOMS, *_CONTROL, *_HEALTH),
        *_rights(OPERATOR, Access.READ, *_ROOMS, *_CONTROL, *_HEALTH, _BROKER),
        *_rights(OPERATOR, Access.WRITE, topic.CONTROL_MOVE),
    ]
    for cluster in clusters:
        user, status = edge_user(cluster), topic.worker_status(cluster, ANY)
        rights += _rights(user, Access.READ, *_ROOMS, *_CONTROL)
        rights += _rights(user, Access.WRITE, status, topic.cluster_link(cluster))
    return rights


def cluster_rights(cluster: str) -> list[Right]:
    """List every right on a cluster's broker."""
    status = topic.worker_status(cluster, ANY)
    relays, members = topic.relay(ANY, ANY, ANY), topic.member(ANY, ANY)
    watched = (*_ROOMS, relays, *_CONTROL)
    return [
        *_rights(ANYONE, Access.DENY, *_SPLIT),
        *_rights(ANYONE, Access.READ, *watched),
        *_rights(WORKER, Access.READ, *_ROOMS, *_CONTROL),
        # It writes wishes to clear those that somebody has retained.
        *_rights(WORKER, Access.BOTH, relays, members, status, *_WISHES),
        *_rights(WORKER, Access.WRITE, *_answers(ANY)),
        *_rights(OPERATOR, Access.READ, *watched, *_WISHES, members, *_HEALTH),
        *_rights(OPERATOR, Access.READ, _BROKER),
        *_rights(OPERATOR, Access.WRITE, topic.client_evict(ANY)),
        *_rights(ANYONE, Access.READ, *_answers(OWN)),
        *_rights(ANYONE, Access.WRITE, topic.client_join(OWN), topic.client_leave(OWN)),
    ]


def render(rights: Iterable[Right]) -> str:
    """Return the whole ACL file."""
    lines = []
    for user, granted in groupby(rights, key=lambda right: right.user):
        lines += ["", f"user {user}"] if user else [""]
        lines += [right.line() for right in granted]
    return "\n".join(lines[1:]) + "\n"


def _rights(user: str, access: Access, *filters: str) -> list[Right]:
    return [Right(user, access, filter_) for filter_ in filters]


def _answers(client_id: str) -> tuple[str, str]:
    """Name where a client is answered: there, and one level below."""
    place = topic.client_assignment(client_id)
    return place, f"{place}/{ANY}"
