"""A record of the frame log, and what the bridge takes it for."""

from dataclasses import dataclass

from bridge.rooms import EncodedFrame, Removal, TimedStamp
from mosquitto.config import PAYLOAD_MAX_BYTES
from mosquitto.topic import BadRoom, check_room
from stream.frame import BadFrame, Pulse
from stream.topics import PULSE_KEY


class Unreadable(ValueError):
    """The record is nothing that the bridge could publish.

    Attributes:
        reason: A fixed, lower-case label, safe to use as a metric tag.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class EncodedPulse:
    """A pulse as it lies in the log; its bytes travel as they are."""

    pulse: Pulse
    payload: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """One record and its place in the log."""

    key: bytes | None
    value: bytes | None
    partition: int
    offset: int

    def read(self) -> EncodedFrame | EncodedPulse | Removal:
        """Return what the record says; without a value it takes a room out.

        Raises:
            Unreadable: If it is neither a frame of the room in its key nor a pulse.
        """
        try:
            if self.key == PULSE_KEY:
                return EncodedPulse(Pulse.decode(self.value or b""), self.value or b"")
            room = _room(self.key)
            if self.value is None:
                return Removal(room)
            frame = EncodedFrame(TimedStamp.decode(self.value), self.value)
        except BadFrame as error:
            raise Unreadable("bad_frame", str(error)) from error
        if frame.room != room:
            raise Unreadable("other_room")
        if len(frame.payload) > PAYLOAD_MAX_BYTES:
            raise Unreadable("too_large", f"{len(frame.payload)} bytes")
        return frame


def _room(key: bytes | None) -> str:
    try:
        return check_room((key or b"").decode())
    except (UnicodeDecodeError, BadRoom) as error:
        raise Unreadable("bad_key") from error
