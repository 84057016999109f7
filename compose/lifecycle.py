"""Waiting for things with a deadline, instead of sleeping and hoping."""

import time
from collections.abc import Callable

_POLL_S = 0.05


class NotReady(Exception):
    """Something did not become ready before its deadline."""


def wait_until(ready: Callable[[], bool], *, within_s: float, what: str) -> None:
    """Return as soon as `ready()` is true.

    Raises:
        NotReady: If that took longer than `within_s`.
    """
    deadline = time.monotonic() + within_s
    while not ready():
        if time.monotonic() > deadline:
            raise NotReady(f"{what} not ready after {within_s:.0f} s")
        time.sleep(_POLL_S)
