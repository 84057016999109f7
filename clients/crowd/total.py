"""What a room has counted, as the server says it."""

import httpx
import msgspec

from clients.server import http_client


class _Frame(msgspec.Struct):
    total: int


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
