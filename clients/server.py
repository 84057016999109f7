"""Where a system answers over HTTP, and how it is asked."""

import httpx

ANSWER_WITHIN_S = 6.0
"""The server answers within five; a longer wait would be a lost answer."""

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class BadUrl(ValueError):
    """The text is not the address of a server."""


class Unreachable(Exception):
    """Nobody answers at the address; nothing was sent."""


def reactions_url(base: str, room: str) -> httpx.URL:
    """Return where the reactions of `room` are posted.

    Raises:
        BadUrl: If `base` is not an HTTP address.
    """
    return url_of(base, f"v1/rooms/{room}/reactions")


def clients_url(base: str) -> httpx.URL:
    """Return where a client asks for a place.

    Raises:
        BadUrl: If `base` is not an HTTP address.
    """
    return url_of(base, "v1/clients")


def ledger_url(base: str, room: str | None = None) -> httpx.URL:
    """Return where the ledger of `room` is, or of all rooms.

    Raises:
        BadUrl: If `base` is not an HTTP address.
    """
    return url_of(base, f"v1/rooms/{room}/ledger" if room else "v1/ledger")


def http_client(url: httpx.URL) -> httpx.Client:
    """Return what asks the server of `url`."""
    # A proxy of the environment is for the world, not for this machine.
    trust_env = url.host not in _LOOPBACK
    return httpx.Client(timeout=ANSWER_WITHIN_S, trust_env=trust_env)


def retry_after_s(response: httpx.Response) -> float:
    """Return how long the server wants to be left alone."""
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdigit() else 0


def url_of(base: str, path: str) -> httpx.URL:
    """Return where `path` is at the server of `base`.

    Raises:
        BadUrl: If `base` is not an HTTP address.
    """
    try:
        url = httpx.URL(f"{base.rstrip('/')}/{path}")
    except httpx.InvalidURL as error:
        raise BadUrl(f"{base!r}: {error}") from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise BadUrl(f"{base!r} does not start with http://HOST or https://HOST")
    return url
