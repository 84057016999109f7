"""What a watcher of one room knows: a state machine over events, and its rows.

Pure: no clock, no socket, no terminal. `clients.link` makes the events,
`clients.cli.screen` shows the result.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Self

from clients.event import Event, Message
from clients.liveness import State
from clients.reception import Reception
from clients.steps import Joined
from mosquitto.topic import room_frame
from stream.frame import Frame


@dataclass(frozen=True, slots=True)
class Hops:
    """When a frame's newest reaction was where, in milliseconds since the epoch."""

    appended_ms: int
    made_ms: int
    bridge_ms: int | None
    here_ms: int
    worker_ms: int | None = None

    @classmethod
    def of(cls, frame: Frame, message: Message) -> Self:
        """Put together what the frame and its message say."""
        times = frame.times
        return cls(
            times.appended_ms,
            times.made_ms,
            message.bridge_ms,
            message.here_ms,
            message.worker_ms,
        )

    def spans(self) -> list[tuple[str, int]]:
        """Return each leg's name and length in milliseconds, the whole way last."""
        stops = [("stored", self.appended_ms), ("made", self.made_ms)]
        if self.bridge_ms is not None:
            stops.append(("bridge", self.bridge_ms))
        if self.worker_ms is not None:
            stops.append(("worker", self.worker_ms))
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
        self.hops: Hops | None = None
        """Of the newest frame; None if it was retained: it had waited."""
        self._reception = Reception(Frame.decode, room_frame(room))

    @property
    def frame(self) -> Frame | None:
        """The newest frame."""
        return self._reception.frame

    @property
    def state(self) -> State:
        """How things stood at the last event."""
        return self._reception.state

    @property
    def joined(self) -> Joined | None:
        """Where this client is served; None for who only watches."""
        return self._reception.joined

    @property
    def reason(self) -> str:
        """Why there is no connection."""
        return self._reception.reason

    @property
    def unreadable(self) -> str | None:
        """What was wrong with the first message that could not be read."""
        return self._reception.unreadable

    def take(self, event: Event) -> None:
        """Learn what happened."""
        news = self._reception.take(event)
        if news is not None and isinstance(event, Message):
            self.hops = None if event.retained else Hops.of(news, event)
        elif self.frame is None:
            self.hops = None

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


def leading(shares: dict[str, float] | None) -> tuple[str, float]:
    """Return the largest share and whose it is; of none, a dash."""
    return max(shares.items(), key=lambda item: item[1]) if shares else ("-", 0.0)
