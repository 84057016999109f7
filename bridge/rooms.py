"""The newest frame of each room, and which frames of a poll travel.

Pure: neither Kafka nor MQTT. Frames are absolute, so of several of one room the
newest is enough; "newest" is by position, never by place in the log, where a
replay may put an older one last.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from stream.frame import Position, Stamp, Times

WINDOWS_PER_POLL = 5
"""Of how many windows of a room one poll's last words travel: enough for a stall of
some seconds, and fewer than a broker queues for a slow client."""


class TimedStamp(Stamp, frozen=True):
    """As much of a frame as the bridge looks at."""

    times: Times


@dataclass(frozen=True, slots=True)
class EncodedFrame:
    """A frame as it lies in the log; its bytes travel as they are."""

    stamp: TimedStamp
    payload: bytes

    @property
    def room(self) -> str:
        """Whose frame it is."""
        return self.stamp.room

    @property
    def position(self) -> Position:
        """How new it is."""
        return self.stamp.position


@dataclass(frozen=True, slots=True)
class Removal:
    """A room was taken out of the log."""

    room: str


@dataclass(slots=True)
class Travelling:
    """What of a poll is to be published.

    Attributes:
        frames: In the order to publish them.
        removed: Rooms that are no more.
        replayed: How many frames were left out as not newer than what travelled.
        superseded: How many were left out for a newer one of the same poll.
    """

    frames: list[EncodedFrame] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    replayed: int = 0
    superseded: int = 0


class Rooms:
    """Holds each room's newest frame, and which rooms were removed."""

    def __init__(self) -> None:
        self._newest: dict[str, EncodedFrame] = {}
        self._removed: set[str] = set()

    def __len__(self) -> int:
        return len(self._newest)

    def everything(self) -> Travelling:
        """Say what a broker that may know nothing has to be told."""
        return Travelling([*self._newest.values()], sorted(self._removed))

    def take(self, events: Iterable[EncodedFrame | Removal]) -> Travelling:
        """Take in what a poll brought, in its order, and say what travels.

        Of a room that is its newest frame and, ahead of it, the last word on the
        windows before it that the poll brought too: one trigger often closes a
        window and opens the next, and whoever watches shall see each window's final
        counts.
        """
        travelling = Travelling()
        fresh: dict[str, list[EncodedFrame]] = {}
        removed: set[str] = set()
        for event in events:
            if isinstance(event, Removal):
                self._newest.pop(event.room, None)
                removed.add(event.room)
                travelling.superseded += len(fresh.pop(event.room, []))
            elif self._is_newer(event):
                fresh.setdefault(event.room, []).append(event)
            else:
                travelling.replayed += 1
        for room, frames in fresh.items():
            chosen = _choose(frames)
            self._newest[room] = chosen[-1]
            travelling.frames += chosen
            travelling.superseded += len(frames) - len(chosen)
        travelling.removed = sorted(removed - fresh.keys())
        self._removed = (self._removed | removed) - fresh.keys()
        return travelling

    def _is_newer(self, frame: EncodedFrame) -> bool:
        """Tell whether it is news; a replay may write a frame anew in its place."""
        known = self._newest.get(frame.room)
        if known is None or frame.position > known.position:
            return True
        return frame.position == known.position and frame.payload != known.payload


def _choose(frames: list[EncodedFrame]) -> list[EncodedFrame]:
    """Return the last word on each of the newest windows, the newest frame last."""
    windows: dict[int, list[EncodedFrame]] = {}
    for frame in frames:
        windows.setdefault(frame.stamp.window_start_ms, []).append(frame)
    last_words = sorted(map(_latest, windows.values()), key=lambda one: one.position)
    return last_words[-WINDOWS_PER_POLL:]


def _latest(frames: list[EncodedFrame]) -> EncodedFrame:
    """Return the highest; of equal ones the last, which a replay wrote."""
    return max(reversed(frames), key=lambda frame: frame.position)
