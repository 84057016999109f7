"""What the bridge takes a record of the frame log for."""

from dataclasses import dataclass

from bridge.rooms import EncodedFrame, Removal, TimedStamp
from ingest.kafka_log import Record
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


def read(record: Record) -> EncodedFrame | EncodedPulse | Removal:
    """Return what a record says; without a value it takes a room out.

    Raises:
        Unreadable: If it is neither a frame of the room in its key nor a pulse.
    """
    try:
        if record.key == PULSE_KEY:
            raw = record.value or b""
            return EncodedPulse(Pulse.decode(raw), raw)
        room = _room(record.key)
        if record.value is None:
            return Removal(room)
        frame = EncodedFrame(TimedStamp.decode(record.value), record.value)
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
