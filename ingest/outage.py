"""Says when the other side was lost and when it is back: a line each, no more."""

import logging
import time

from prometheus_client import Gauge

log = logging.getLogger(__name__)


class Outage:
    """Follows one other side, which counts as away until `ended` is called."""

    def __init__(self, name: str, up: Gauge) -> None:
        self._name = name
        self._up = up
        self._since_s: float | None = time.monotonic()
        self._told: set[str] = set()

    @property
    def is_on(self) -> bool:
        """Whether it is away."""
        return self._since_s is not None

    def lasts(self, reason: str) -> None:
        """Note that it is away; each reason is said once an outage."""
        self._up.set(0)
        if self._since_s is None:
            self._since_s = time.monotonic()
        if reason not in self._told:
            self._told.add(reason)
            log.warning("no %s reason=%r", self._name, reason)

    def ended(self) -> None:
        """Note that it answers; said once an outage."""
        self._up.set(1)
        if self._since_s is not None:
            after_s = time.monotonic() - self._since_s
            log.info("reached %s after_s=%.1f", self._name, after_s)
        self._since_s = None
        self._told.clear()
