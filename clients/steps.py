"""What a registered client is told, and what is to be done: plain values."""

from dataclasses import dataclass

from clients.event import Connected, Lost, Tick
from clients.parcel import Parcel
from clients.place import Place
from clients.worker.wire import Assignment, BrokerAddress


class Evicted(Exception):
    """The operator has put this client out; it must not come back by itself."""


class NotAdmitted(Exception):
    """The server or a worker takes no such client, and never will.

    Attributes:
        label: Why: a fixed word.
    """

    def __init__(self, label: str, help_: str) -> None:
        super().__init__(f"{label}: {help_}")
        self.label = label


@dataclass(frozen=True, slots=True)
class Placed(Tick):
    """The server has answered the registration."""

    place: Place


@dataclass(frozen=True, slots=True)
class PutOff(Lost):
    """The server gives no place just now, or does not answer."""

    after_s: float = 0.0
    """How long it wants to be left alone."""


@dataclass(frozen=True, slots=True)
class Joined(Connected):
    """A worker serves this client from now on."""

    assignment: Assignment
    broker: BrokerAddress
    is_move: bool = False
    """Whether another has served it until now, and was heard until now."""


@dataclass(frozen=True, slots=True)
class Register:
    """Ask the server for a place; what it says is the next event."""


@dataclass(frozen=True, slots=True)
class Connect:
    """Open the connection to a broker, under an id."""

    broker: BrokerAddress
    client_id: str


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Take leave of the broker, if that is still possible."""


@dataclass(frozen=True, slots=True)
class Succeed:
    """Begin to attend a second time: when that one is served, this one is to leave."""


@dataclass(frozen=True, slots=True)
class Publish:
    """Send a message to the broker."""

    parcel: Parcel


@dataclass(frozen=True, slots=True)
class Follow:
    """Receive what is sent under a topic."""

    topic: str


Action = Register | Connect | Disconnect | Succeed | Publish | Follow | Joined
