"""What clients and workers tell each other, and its form on the wire.

A version or a field that this code does not know is no error: a newer one may speak.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Self, TypeVar

import msgspec

from clients.worker.profiles import FULL, PROFILES
from mosquitto.topic import MAIN_ROOM, BadRoom, check_room

LEASE_S = 300
"""How long a membership lasts; who is to stay joins again before."""


class JoinProblem(StrEnum):
    """Why a client was not taken, or is not kept: a fixed label."""

    BAD_JSON = "bad_json"
    BAD_ROOM = "bad_room"
    BAD_PROFILE = "bad_profile"
    RETAINED = "retained"
    FULL = "full"
    DRAINING = "draining"
    EVICTED = "evicted"


HELP: Mapping[JoinProblem, str] = {
    JoinProblem.BAD_JSON: 'A join is an object: {"room": "final", "profile": "full"}.',
    JoinProblem.BAD_ROOM: "A room id is [a-z0-9][a-z0-9-]{0,62}.",
    JoinProblem.BAD_PROFILE: f"A profile is one of {', '.join(PROFILES)}.",
    JoinProblem.RETAINED: "A join with the retain flag is none: send it without.",
    JoinProblem.FULL: "This cluster is full: register for another place.",
    JoinProblem.DRAINING: "This cluster is emptied: register for another place.",
    JoinProblem.EVICTED: "The operator has put this client out.",
}


class BadMessage(ValueError):
    """The bytes are not what they should be on their topic."""


class BadJoin(ValueError):
    """A join that no client can be taken by.

    Attributes:
        problem: What its sender is told.
    """

    def __init__(self, problem: JoinProblem) -> None:
        super().__init__(problem)
        self.problem = problem


class Join(msgspec.Struct, frozen=True):
    """What a client asks for; an empty payload asks for the room `main` in full."""

    room: str = MAIN_ROOM
    profile: str = FULL.name

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read a client's join.

        Raises:
            BadJoin: If it cannot be taken; says why.
        """
        try:
            join = msgspec.json.decode(raw, type=cls) if raw else cls()
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise BadJoin(JoinProblem.BAD_JSON) from error
        try:
            check_room(join.room)
        except BadRoom as error:
            raise BadJoin(JoinProblem.BAD_ROOM) from error
        if join.profile not in PROFILES:
            raise BadJoin(JoinProblem.BAD_PROFILE)
        return join

    def encode(self) -> bytes:
        """Return the JSON that `decode` reads."""
        return msgspec.json.encode(self)


class Assignment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a client is told: where its frames are, or why it gets none."""

    client_id: str = ""
    room: str = ""
    profile: str = ""
    cluster: str = ""
    """By which `control/move` calls it."""
    slot: str = ""
    topic: str = ""
    lease_s: int = 0
    spread_s: float = 0.0
    """When its broker dies: the first wait is uniform over so long."""
    error: str = ""
    help: str = ""

    @classmethod
    def refusing(cls, problem: JoinProblem) -> Self:
        """Return what is said to a client that is not taken."""
        return cls(error=problem, help=HELP[problem])

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read a worker's answer.

        Raises:
            BadMessage: If it is none.
        """
        return _decode(raw, cls)

    def encode(self) -> bytes:
        """Return the JSON that `decode` reads."""
        return msgspec.json.encode(self)


class Membership(msgspec.Struct, frozen=True):
    """What the broker keeps of a client, for a worker that takes its slot over."""

    room: str
    profile: str

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read what a worker has kept.

        Raises:
            BadMessage: If it is nothing that this worker could serve.
        """
        kept = _decode(raw, cls)
        try:
            check_room(kept.room)
        except BadRoom as error:
            raise BadMessage(str(error)) from error
        if kept.profile not in PROFILES:
            raise BadMessage(f"no profile is called {kept.profile!r}")
        return kept

    def encode(self) -> bytes:
        """Return the JSON that `decode` reads."""
        return msgspec.json.encode(self)


class Move(msgspec.Struct, frozen=True):
    """What a cluster's registered clients are asked: to go, within so long."""

    spread_s: float
    """Each waits for a random part of it, so that they do not come in one moment."""


class Moves(msgspec.Struct, frozen=True):
    """The clusters that are to be left, all of them: what is not named is none."""

    clusters: Mapping[str, Move] = {}

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read what an operator has said; nothing at all names none.

        Raises:
            BadMessage: If it is something else.
        """
        return _decode(raw, cls) if raw else cls()

    def encode(self) -> bytes:
        """Return the JSON that `decode` reads."""
        return msgspec.json.encode(self)


class BrokerAddress(msgspec.Struct, frozen=True):
    """Where clients find a cluster's broker."""

    host: str
    port: int
    ws_port: int
    ws_host: str = ""
    """Where its WebSockets are: another than `host` where they alone are open to a
    network. Who leaves it out means the same."""

    def __post_init__(self) -> None:
        """Have `ws_host` said in any case."""
        if not self.ws_host:
            msgspec.structs.force_setattr(self, "ws_host", self.host)


class WorkerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A worker's sign of life; where it has none, it is gone.

    Counts are since the worker's start, but `members` and `rooms`, which are now.
    """

    v: int = 1
    cluster: str
    worker: str
    at_ms: int
    started_ms: int
    broker: BrokerAddress
    capacity: int
    """Registered clients that the whole cluster is made for."""

    is_draining: bool = False
    """Whether the cluster takes nobody new, and its members are asked to go."""

    busy: float = 0.0
    """CPU time by wall time since the status before: 1.0 is all that it can do."""

    slots: tuple[str, ...]
    """Which it serves: it has read their members. Of one that it gets, not at once."""

    members: int
    rooms: Mapping[str, Mapping[str, int]]
    """Members by room and profile, of the rooms that have most."""

    rooms_in_all: int
    counts: Mapping[str, int]
    """What happened how often; what never did is not named."""

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read a status.

        Raises:
            BadMessage: If it is none.
        """
        return _decode(raw, cls)

    def encode(self) -> bytes:
        """Return the JSON that `decode` reads."""
        return msgspec.json.encode(self)


_Wire = TypeVar("_Wire", bound=Assignment | Membership | Moves | WorkerStatus)


def _decode(raw: bytes, kind: type[_Wire]) -> _Wire:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadMessage(f"not a {kind.__name__}: {error}") from error
