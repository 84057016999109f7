"""Reads a POST of reactions: checks in the order that costs least."""

import functools
import time
from collections.abc import Sequence

from flask import Request
from werkzeug.http import parse_options_header

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
    if not _is_readable(request.content_type or ""):
        raise Refused(Refusal.BAD_MEDIA_TYPE)
    if "Content-Encoding" in request.headers:
        raise Refused(Refusal.BAD_ENCODING)


@functools.lru_cache
def _is_readable(content_type: str) -> bool:
    media_type, _ = parse_options_header(content_type)
    return media_type.lower() in _MEDIA_TYPES


def _key(request: Request) -> str | None:
    """Return the sender's key; beacons cannot set headers and put it in the URL."""
    key = request.headers.get("Idempotency-Key")
    other = request.args.get("key") if request.query_string else None
    if any(given is not None and not is_key(given) for given in (key, other)):
        raise Refused(Refusal.BAD_KEY)
    return other if key is None else key
