"""What only the operator may read: a key in the request's head."""

import secrets

from flask import Request

from clients.web.refusal import NotAllowed


class OperatorKey:
    """Knows the operator by a key.

    Args:
        key: What it sends as a bearer token; nobody is known by an empty one.
    """

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def check(self, request: Request) -> None:
        """Return if the operator asks.

        Raises:
            NotAllowed: If somebody else does.
        """
        given = request.authorization
        token = given.token if given and given.type == "bearer" else None
        is_operator = secrets.compare_digest((token or "").encode(), self._key)
        if not is_operator or not self._key:
            raise NotAllowed
