"""Reads a POST of reactions: checks in the order that costs least."""

import time
from collections.abc import Sequence

from flask import Request

from ingest import reaction
from ingest.batch import Batch, batch_id, is_key
from ingest.refusal import Refusal, Refused, Rejection
from mosquitto.topic import BadRoom, check_room

BODY_MAX_BYTES = 128 * 1024

_MEDIA_TYPES = {"application/json", "text/plain"}
"""The second is for beacons, which a browser sends in no other form."""


def read_batch(request: Request, room: str) -> tuple[Batch, Sequence[Rejection]]:
    """Return the reactions of a POST that can be accepted, and what was left out.

    Raises:
        Refused: If there are none, or the request is not as it should be.
    """
    _check_head(request, room)
    key = _key(request)
    body = request.get_data()
    received_at_ms = time.time_ns() // 1_000_000
    decoded = reaction.decode(body)
    if not decoded.accepted:
        raise Refused(Refusal.NOTHING_ACCEPTABLE, rejected=decoded.rejected)
    name = batch_id(room, key, body)
    return Batch(room, name, received_at_ms, decoded.accepted), decoded.rejected


def _check_head(request: Request, room: str) -> None:
    try:
        check_room(room)
    except BadRoom as error:
        raise Refused(Refusal.BAD_ROOM) from error
    if request.content_length is None:  # so it is for a chunked body, too
        raise Refused(Refusal.LENGTH_REQUIRED)
    if request.content_length > BODY_MAX_BYTES:
        raise Refused(Refusal.BODY_TOO_LARGE)
    if request.mimetype not in _MEDIA_TYPES:
        raise Refused(Refusal.BAD_MEDIA_TYPE)


def _key(request: Request) -> str | None:
    """Return the sender's key; beacons cannot set headers and put it in the URL."""
    key = request.headers.get("Idempotency-Key", request.args.get("key"))
    if key is not None and not is_key(key):
        raise Refused(Refusal.BAD_KEY)
    return key
