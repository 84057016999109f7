"""What a room has counted, as the server says it."""

import time
from collections.abc import Callable

import httpx
import msgspec

from clients.server import http_client

KNOWN_WITHIN_S = 15.0


class TotalUnknown(Exception):
    """Nobody says what a room has counted; the text says why in a sentence."""


class _Frame(msgspec.Struct):
    total: int


def total_within(
    url: str,
    room: str,
    pause: Callable[[], object],
    within_s: float = KNOWN_WITHIN_S,
) -> int:
    """Return the room's total, as soon as it is known.

    Args:
        url: The server's address.
        room: Which room.
        pause: Waits between two questions.
        within_s: How long it is asked for.

    Raises:
        TotalUnknown: If it was not known in that time.
    """
    until_s = time.monotonic() + within_s
    while not isinstance(said := total_of(url, room), int):
        if time.monotonic() > until_s:
            raise TotalUnknown(f"The room's total cannot be read: {said}.")
        pause()
    return said


def total_of(url: str, room: str) -> int | str:
    """Return the room's total, or why it is not known; waits a few seconds at most."""
    place = httpx.URL(f"{url.rstrip('/')}/v1/rooms/{room}/frame")
    try:
        with http_client(place) as http:
            answer = http.get(place)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return 0  # nobody has ever reacted
        if answer.is_success:
            return msgspec.json.decode(answer.content, type=_Frame).total
    except (httpx.TransportError, msgspec.MsgspecError) as error:
        return str(error)
    return f"HTTP {answer.status_code}"
