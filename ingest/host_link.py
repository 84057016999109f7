"""Who may change a room: whoever has a link that the operator made.

A link's token names the room, the host and its end, and is signed; nothing is kept of
it anywhere. So it cannot be taken back before its end, but by a new secret for all.
"""

import hashlib
import time
from collections.abc import Callable, Mapping

import msgspec
from flask import Request
from itsdangerous import BadData, URLSafeSerializer

from ingest.refusal import Refusal, Refused
from ingest.room_state import HostName

_PURPOSE = "emostream host"
"""What else may ever be signed with the same secret is no token."""


class NoToken(Refused):
    """A request does not say who sends it."""

    def __init__(self) -> None:
        super().__init__(Refusal.NO_TOKEN)

    @property
    def headers(self) -> Mapping[str, str]:
        """What the answer's headers say of it."""
        return {"WWW-Authenticate": "Bearer"}


class NotHost(Refused):
    """The token is not one of this room, or not any more."""

    def __init__(self) -> None:
        super().__init__(Refusal.NOT_HOST)


class Grant(msgspec.Struct, frozen=True):
    """What a token says: `by` may change `room` until `until_s` since the epoch."""

    room: str
    by: HostName
    until_s: int


class HostLinks:
    """Makes tokens, and knows its own again.

    Args:
        secret: Whoever knows it can make them; with an empty one nobody is a host.
        now_s: Seconds since the epoch.
    """

    def __init__(self, secret: str, now_s: Callable[[], float] = time.time) -> None:
        self._has_secret, self._now_s = bool(secret), now_s
        self._signed = URLSafeSerializer(
            secret,
            salt=_PURPOSE,
            signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
        )

    def token(self, grant: Grant) -> str:
        """Return the token of a grant: characters that an address may have."""
        return str(self._signed.dumps(msgspec.to_builtins(grant)))

    def host_of(self, request: Request, room: str) -> str:
        """Return the name of the host who sent a request.

        Raises:
            NoToken: If it has no bearer token.
            NotHost: If that is forged, over, or another room's.
        """
        given = request.authorization
        if given is None or given.type != "bearer" or not given.token:
            raise NoToken
        grant = self.grant_of(given.token)
        if grant.room != room or grant.until_s <= self._now_s():
            raise NotHost
        return grant.by

    def grant_of(self, token: str) -> Grant:
        """Return what a token says, over or not.

        Raises:
            NotHost: If it is forged.
        """
        if not self._has_secret:
            raise NotHost
        try:
            return msgspec.convert(self._signed.loads(token), Grant)
        except (BadData, msgspec.ValidationError) as error:
            raise NotHost from error
