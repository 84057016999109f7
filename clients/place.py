"""A place in the audience, as the server gives it: where to join, and as whom."""

from typing import Self

import msgspec

from clients.worker.wire import BrokerAddress
from mosquitto.topic import BadClientId, check_client_id


class BadPlace(ValueError):
    """The bytes are no place."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a client may join, not that it has."""

    client_id: str
    brokers: tuple[BrokerAddress, ...]
    """In the order in which they are to be tried."""
    slot: str
    topic: str
    spread_s: float
    """When its broker dies: the first wait is uniform over so long."""

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read the server's answer.

        Raises:
            BadPlace: If nobody could join by it.
        """
        try:
            place = msgspec.json.decode(raw, type=cls)
            check_client_id(place.client_id)
        except (msgspec.MsgspecError, UnicodeDecodeError, BadClientId) as error:
            raise BadPlace(f"not a place: {error}") from error
        if not place.brokers:
            raise BadPlace("a place without brokers")
        return place

    def encode(self) -> bytes:
        """Return the JSON that `decode` reads."""
        return msgspec.json.encode(self)
