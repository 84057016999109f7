"""Reads a POST of a client that wants a place."""

from flask import Request

from clients.web.refusal import Refusal
from clients.worker.wire import BadJoin, Join
from ingest.intake import check_body
from ingest.refusal import Refused

BODY_MAX_BYTES = 1024

_MEDIA_TYPES = frozenset({"application/json"})


def read_join(request: Request) -> Join:
    """Return what the client will join: a room and a profile.

    Raises:
        Refused: If the request is not as it should be.
    """
    check_body(request, BODY_MAX_BYTES, _MEDIA_TYPES, Refusal)
    body = request.get_data()
    if not body:  # over MQTT it would ask for what is usual
        raise Refused(Refusal.BAD_JSON)
    try:
        return Join.decode(body)
    except BadJoin as error:
        raise Refused(Refusal[error.problem.name]) from error
