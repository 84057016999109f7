"""Reads a POST of reactions: checks in the order that costs least."""

import functools
import time
from collections.abc import Container, Sequence

from flask import Request
from werkzeug.http import parse_options_header

from ingest import reaction
from ingest.batch import Batch, batch_id, is_key
from ingest.refusal import Label, Refusal, Refused, Rejection
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
    check_body(request, BODY_MAX_BYTES, _MEDIA_TYPES, Refusal)


def check_body(
    request: Request,
    body_max_bytes: int,
    media_types: Container[str],
    labels: type[Label],
) -> None:
    """Return if a body is one that can be read, by what its head says.

    Args:
        request: Whose body.
        body_max_bytes: How long it may be.
        media_types: What it may be.
        labels: The app's own; a refusal is one of those named LENGTH_REQUIRED,
            BODY_TOO_LARGE, BAD_MEDIA_TYPE and BAD_ENCODING.

    Raises:
        Refused: If it is not.
    """
    if request.content_length is None:  # so it is for a chunked body, too
        raise Refused(labels["LENGTH_REQUIRED"])
    if request.content_length > body_max_bytes:
        raise Refused(labels["BODY_TOO_LARGE"])
    if _media_type(request.content_type or "") not in media_types:
        raise Refused(labels["BAD_MEDIA_TYPE"])
    if "Content-Encoding" in request.headers:
        raise Refused(labels["BAD_ENCODING"])


@functools.lru_cache
def _media_type(content_type: str) -> str:
    media_type, _ = parse_options_header(content_type)
    return media_type.lower()


def _key(request: Request) -> str | None:
    """Return the sender's key; beacons cannot set headers and put it in the URL."""
    key = request.headers.get("Idempotency-Key")
    other = request.args.get("key") if request.query_string else None
    if any(given is not None and not is_key(given) for given in (key, other)):
        raise Refused(Refusal.BAD_KEY)
    return other if key is None else key
