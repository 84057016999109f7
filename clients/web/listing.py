"""The clients that have joined, as an operator is told; imports no server."""

import msgspec


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A client that has joined."""

    client_id: str
    cluster: str
    slot: str
    room: str
    profile: str


class Listing(msgspec.Struct, frozen=True):
    """The members of all clusters that could be asked."""

    clients: tuple[Listed, ...]
    unanswered: tuple[str, ...] = ()
    """The clusters that could not: whoever is there is missing."""
