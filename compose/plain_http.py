"""A GET of what listens on this machine, and speaks no TLS."""

import ssl

import httpx

_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Knows no authority. Else httpx reads all of them for each GET: 30 ms of a core."""


def get(url: str, *, within_s: float) -> httpx.Response:
    """Ask once.

    Args:
        url: With http, not https.
        within_s: For connecting, and for each part of the answer.

    Raises:
        httpx.HTTPError: If nobody answers in time.
    """
    # A proxy of the environment is not for this machine's own ports.
    return httpx.get(url, timeout=within_s, trust_env=False, verify=_NO_TLS)
