"""How much what is known of a room can be trusted: told by pulses and frames."""

from enum import StrEnum

from clients.event import STALE_AFTER_S

QUIET_AFTER_S = 4.0
"""Two windows without a frame: nobody reacts."""


class State(StrEnum):
    """How much what is shown can be trusted."""

    CONNECTING = "connecting"
    LIVE = "live"
    QUIET = "quiet"
    STALE = "stale"


class Liveness:
    """Remembers when there was last a sign of life, and of what."""

    def __init__(self) -> None:
        self._now_s = 0.0
        self._began_s: float | None = None
        self._pulse_s: float | None = None
        self._frame_s: float | None = None

    @property
    def state(self) -> State:
        """How things stood at the last moment it was told."""
        if self._began_s is None:
            return State.CONNECTING
        if self._now_s - (self._pulse_s or self._began_s) > STALE_AFTER_S:
            return State.STALE
        if self._pulse_s is None:
            return State.CONNECTING
        if self._frame_s is None or self._now_s - self._frame_s > QUIET_AFTER_S:
            return State.QUIET
        return State.LIVE

    def tick(self, now_s: float) -> None:
        """Time has passed."""
        self._now_s = now_s

    def begin(self) -> None:
        """There is a connection: from now on pulses are due."""
        self._began_s, self._pulse_s = self._now_s, None

    def end(self) -> None:
        """There is no connection any more."""
        self._began_s = None

    def pulse(self) -> None:
        """The stream lives."""
        self._pulse_s = self._now_s

    def frame(self) -> None:
        """Somebody has reacted just now."""
        self._frame_s = self._now_s
