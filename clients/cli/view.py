"""What a watcher of one room knows: a state machine over events, and its rows.

Pure: no clock, no socket, no terminal. `clients.link` makes the events,
`clients.cli.screen` shows the result.
"""

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Self

from clients.event import STALE_AFTER_S, Connected, Event, Lost, Message
from mosquitto.topic import CONTROL_PULSE, room_frame
from stream.frame import BadFrame, Frame, Pulse

QUIET_AFTER_S = 4.0
"""Two windows without a frame: nobody reacts."""


class State(StrEnum):
    """How much what is shown can be trusted."""

    CONNECTING = "connecting"
    LIVE = "live"
    QUIET = "quiet"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Hops:
    """When a frame's newest reaction was where, in milliseconds since the epoch."""

    appended_ms: int
    made_ms: int
    bridge_ms: int | None
    here_ms: int

    @classmethod
    def of(cls, frame: Frame, message: Message) -> Self:
        """Put together what the frame and its message say."""
        times = frame.times
        return cls(times.appended_ms, times.made_ms, message.bridge_ms, message.here_ms)

    def spans(self) -> list[tuple[str, int]]:
        """Return each leg's name and length in milliseconds, the whole way last."""
        stops = [("stored", self.appended_ms), ("made", self.made_ms)]
        if self.bridge_ms is not None:
            stops.append(("bridge", self.bridge_ms))
        stops.append(("here", self.here_ms))
        legs = [
            (f"{start}→{end}", end_ms - start_ms)
            for (start, start_ms), (end, end_ms) in pairwise(stops)
        ]
        return [*legs, ("all", self.here_ms - self.appended_ms)]


@dataclass(frozen=True, slots=True)
class Row:
    """One emoji of the room, in the newest window and since the beginning."""

    emoji: str
    count: int
    share: float
    scaled: int
    total: int


class Watching:
    """Keeps the newest frame of a room and tells how alive its way here is."""

    def __init__(self, room: str) -> None:
        self.room = room
        self.frame: Frame | None = None
        self.hops: Hops | None = None
        """Of the newest frame; None if it was retained: it had waited."""
        self.reason = ""
        """Why there is no connection."""
        self.unreadable: str | None = None
        """What was wrong with the first message that could not be read."""
        self._now_s = 0.0
        self._connected_s: float | None = None
        self._pulse_s: float | None = None
        self._frame_s: float | None = None

    @property
    def state(self) -> State:
        """How things stood at the last event."""
        if self._connected_s is None:
            return State.CONNECTING
        if self._now_s - (self._pulse_s or self._connected_s) > STALE_AFTER_S:
            return State.STALE
        if self._pulse_s is None:
            return State.CONNECTING
        if self._frame_s is None or self._now_s - self._frame_s > QUIET_AFTER_S:
            return State.QUIET
        return State.LIVE

    def take(self, event: Event) -> None:
        """Learn what happened."""
        self._now_s = event.at_s
        match event:
            case Connected():
                self._connected_s, self._pulse_s = event.at_s, None
                self.reason = ""
            case Lost(reason=reason):
                self._connected_s, self.reason = None, reason
            case Message():
                self._read(event)
            case _:
                pass  # only time has passed

    def rows(self) -> list[Row]:
        """Return the room's emoji, the strongest of the newest window first."""
        frame = self.frame
        if frame is None:
            return []
        rows = [
            Row(
                emoji,
                frame.counts.get(emoji, 0),
                frame.share.get(emoji, 0.0),
                frame.scaled.get(emoji, 0),
                frame.totals.get(emoji, 0),
            )
            for emoji in {**frame.counts, **frame.totals}
        ]
        return sorted(rows, key=lambda row: (-row.count, -row.total, row.emoji))

    def _read(self, message: Message) -> None:
        try:
            if message.topic == CONTROL_PULSE:
                Pulse.decode(message.payload)
                self._pulse_s = message.at_s
            elif message.topic != room_frame(self.room):
                pass
            elif not message.payload:
                self.frame = self.hops = None  # the room was taken out of the log
            else:
                self._replace(Frame.decode(message.payload), message)
        except BadFrame as error:
            self.unreadable = self.unreadable or f"{message.topic}: {error}"

    def _replace(self, frame: Frame, message: Message) -> None:
        """Take a frame that is newer, or says something else at the same position."""
        known = self.frame
        if known and (frame.position < known.position or frame == known):
            return
        self.frame = frame
        self.hops = None if message.retained else Hops.of(frame, message)
        if not message.retained:
            self._frame_s = message.at_s


def leading(shares: dict[str, float] | None) -> tuple[str, float]:
    """Return the largest share and whose it is; of none, a dash."""
    return max(shares.items(), key=lambda item: item[1]) if shares else ("-", 0.0)
