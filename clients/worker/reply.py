"""Where a client's join is answered, and what of it the answer repeats."""

from dataclasses import dataclass

from clients.event import Message
from clients.parcel import Extras
from mosquitto import topic

REPEATED_MAX_BYTES = 1024
"""Of the response topic and the correlation data. Whose packet is larger than the
broker takes is thrown out, and the answer is larger than the join was."""


@dataclass(frozen=True, slots=True)
class Reply:
    """How an answer travels."""

    place: str
    extras: Extras | None = None
    is_elsewhere: bool = False
    """Whether the client wants it where no answer goes."""


def reply(client_id: str, asked: Message | None) -> Reply:
    """Return how to tell a client something, after a join or by itself.

    Only what is the client's own is honoured: it must not make a worker write
    elsewhere, nor make it send what the broker does not take.
    """
    own = topic.client_assignment(client_id)
    if asked is None:
        return Reply(own)
    place = own if asked.reply_to is None else asked.reply_to
    repeated_bytes = len(place.encode()) + len(asked.correlation or b"")
    if repeated_bytes > REPEATED_MAX_BYTES:
        return Reply(own, is_elsewhere=True)
    is_own = topic.is_at_or_below(place, own)
    extras = Extras(correlation=asked.correlation)
    return Reply(place if is_own else own, extras, is_elsewhere=not is_own)
