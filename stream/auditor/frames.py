"""What a frame says that was counted, in the auditor's own reading."""

from dataclasses import dataclass
from typing import Annotated

import msgspec

from mosquitto.topic import BadRoom, check_room
from stream.topics import PULSE_KEY

Trigger = tuple[str, int]
"""`(epoch, seq)`: of two the higher is newer."""


class BadFrame(ValueError):
    """The bytes are no frame."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One frame: so many in this window, as of this run of this trigger.

    Attributes:
        made_ms: The same in all frames of a run; a replay of its trigger has another.
        count: All reactions of the window in its epoch, by the trigger's end.
        total: All of the room.
    """

    room: str
    epoch: str
    seq: int
    made_ms: int
    window_ms: int
    count: int
    total: int

    @property
    def trigger(self) -> Trigger:
        """The trigger that it is of."""
        return (self.epoch, self.seq)


_Number = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
"""Beyond that it is no count and no time, and would not fit into the books."""


class _Times(msgspec.Struct):
    made_ms: _Number


class _Frame(msgspec.Struct):
    v: int
    room: str
    epoch: str
    seq: _Number
    window_start_ms: _Number
    counts: dict[str, _Number]
    other: _Number
    total: _Number
    times: _Times


_frame = msgspec.json.Decoder(_Frame)


def in_log(key: bytes | None, value: bytes | None) -> Seen | None:
    """Read a record of the frame log; None for a pulse, and for a room taken out.

    Raises:
        BadFrame: If it is something else.
    """
    if value is None or key == PULSE_KEY:
        return None
    frame = read(value)
    if (key or b"").decode(errors="replace") != frame.room:
        raise BadFrame("another room's key")
    return frame


def read(payload: bytes) -> Seen:
    """Read a frame.

    Raises:
        BadFrame: If it is none of version 1.
    """
    try:
        wire = _frame.decode(payload)
        check_room(wire.room)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, BadRoom) as error:
        raise BadFrame(str(error)) from error
    if wire.v != 1:
        raise BadFrame(f"version {wire.v}")
    return Seen(
        room=wire.room,
        epoch=wire.epoch,
        seq=wire.seq,
        made_ms=wire.times.made_ms,
        window_ms=wire.window_start_ms,
        count=sum(wire.counts.values()) + wire.other,
        total=wire.total,
    )
