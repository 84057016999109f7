"""What is known of each room that somebody asks for: a state machine over events.

Pure: no clock, no socket, no lock. `clients.link` makes the events, and
`clients.web.frames` asks.
"""

import logging
import zlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from clients.event import STALE_AFTER_S, CaughtUp, Connected, Event, Lost, Message
from clients.web import metrics
from mosquitto.topic import CONTROL_PULSE, room_of
from stream.frame import BadFrame, Position, Pulse, Stamp

log = logging.getLogger(__name__)

ROOMS_MAX = 5000
"""Rooms followed at a time: with frames of 4 KiB, 20 MiB a worker."""

ASKED_WITHIN_S = 3.0
"""A room that nobody asked for so long is not followed any more. Following it anew
costs as much as two seconds of its frames; who polls asks about so often."""


@dataclass(frozen=True, slots=True)
class HeldFrame:
    """A frame as it came; its bytes travel as they are."""

    position: Position
    payload: bytes

    @property
    def tag(self) -> str:
        """Tell this frame from all others of its room.

        A replay may write a frame anew in its place, so the position does not do.
        """
        epoch, seq, window_start_ms = self.position
        return f"{epoch}_{seq}_{window_start_ms}_{zlib.crc32(self.payload):08x}"


@dataclass(slots=True)
class _Room:
    asked_s: float
    wish: int = 0
    """Which one it is followed by: what an earlier one brought, it may have missed."""
    known: bool = False
    """Whether its frame, or that it has none, has come on this connection."""
    frame: HeldFrame | None = None


class Board:
    """Keeps the newest frame of each followed room.

    A frame is shown only while it is certain that it is the newest: the connection
    stands, a pulse came on it within the last six seconds, and what was retained for
    the room has come on it, too. The bridge sends a pulse only after every room's
    newest frame.
    """

    def __init__(self, rooms_max: int = ROOMS_MAX) -> None:
        self._rooms_max = rooms_max
        self._rooms: OrderedDict[str, _Room] = OrderedDict()
        self._pulse_s: float | None = None
        self.connected = False
        """Whether the broker has let us in."""

    def __len__(self) -> int:
        return len(self._rooms)

    def is_live(self, now_s: float) -> bool:
        """Tell whether what is retained is what the stream made last."""
        return self._pulse_s is not None and now_s - self._pulse_s <= STALE_AFTER_S

    def ask(self, room: str, now_s: float) -> bool:
        """Note that somebody asks; tell whether to follow the room from now on."""
        known = self._rooms.get(room)
        if known is None:
            self._rooms[room] = _Room(now_s)
            return True
        known.asked_s = now_s
        self._rooms.move_to_end(room)
        return False

    def follows(self, room: str, wish: int) -> None:
        """Note the wish by which a room is followed that was just asked for."""
        self._rooms[room].wish = wish

    def forget(self, now_s: float) -> Sequence[str]:
        """Return the rooms to follow no more: too many, or not asked for lately."""
        forgotten: list[str] = []
        for room, state in self._rooms.items():
            surplus = len(self._rooms) - len(forgotten) > self._rooms_max
            if not surplus and now_s - state.asked_s <= ASKED_WITHIN_S:
                break  # those behind it were asked for later
            forgotten.append(room)
        for room in forgotten:
            del self._rooms[room]
        return forgotten

    def knows(self, room: str) -> bool:
        """Tell whether the room's frame, or that it has none, is known."""
        state = self._rooms.get(room)
        return state is not None and state.known

    def newest(self, room: str) -> HeldFrame | None:
        """Return the frame of a room that is known; None if it never had one."""
        return self._rooms[room].frame

    def take(self, event: Event) -> None:
        """Learn what happened."""
        match event:
            case Connected():
                self._begin()
            case Lost():
                self.connected, self._pulse_s = False, None
            case CaughtUp(topics=topics, wish=wish):
                for state in filter(None, map(self._of, topics)):
                    state.known |= state.wish <= wish
            case Message():
                self._read(event)
            case _:
                pass  # only time has passed

    def _begin(self) -> None:
        """Know nothing: what was retained comes again, or was taken away meanwhile."""
        self.connected, self._pulse_s = True, None
        for state in self._rooms.values():
            state.known, state.frame = False, None

    def _of(self, topic: str) -> _Room | None:
        room = room_of(topic)
        return self._rooms.get(room) if room else None

    def _read(self, message: Message) -> None:
        try:
            if message.topic == CONTROL_PULSE:
                Pulse.decode(message.payload)
                self._pulse_s = message.at_s
            elif state := self._of(message.topic):
                _place(state, message.payload)
        except BadFrame as error:
            metrics.UNREADABLE.inc()
            log.warning("unreadable topic=%s reason=%s", message.topic, error)


def _place(state: _Room, payload: bytes) -> None:
    """Take a frame that is newer, or says something else at the same position."""
    if not payload:
        state.known, state.frame = True, None  # the room was taken out of the log
        return
    frame = HeldFrame(Stamp.decode(payload).position, payload)
    if state.frame is None or frame.position >= state.frame.position:
        state.frame = frame
    state.known = True
