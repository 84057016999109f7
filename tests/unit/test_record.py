import pytest

from bridge.record import EncodedPulse, Unreadable, read
from bridge.rooms import Removal
from ingest.kafka_log import Record
from mosquitto.config import PAYLOAD_MAX_BYTES
from stream.frame import Pulse
from tests.frames import frame, pulse_record

FRAME = frame("final", 1, 8).encode()
PADDED = FRAME[:-1] + b',"x":"' + b"x" * PAYLOAD_MAX_BYTES + b'"}'


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        (b"final", b"", "bad_frame"),
        (b"final", b"\xff", "bad_frame"),
        (b"final", b"{}", "bad_frame"),
        (b"final", FRAME.replace(b'"v":1', b'"v":2'), "bad_frame"),
        (b"final", FRAME.replace(b'"times"', b'"time"'), "bad_frame"),
        (None, FRAME, "bad_key"),
        (b"", FRAME, "bad_key"),
        (b"\xff", FRAME, "bad_key"),
        (b"Final!", FRAME, "bad_key"),
        (b"+", None, "bad_key"),
        (b"semi", FRAME, "other_room"),
        (b"final", PADDED, "too_large"),
    ],
)
def test_an_unreadable_record_names_its_reason(
    key: bytes | None, value: bytes | None, reason: str
) -> None:
    with pytest.raises(Unreadable) as caught:
        read(Record(key, value, 0, 0, 0))

    assert caught.value.reason == reason


def test_a_broken_pulse_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="bad_frame"):
        read(pulse_record(b"{}"))


def test_a_pulse_is_known_by_its_key() -> None:
    pulse = Pulse(v=1, epoch="e", sent_ms=7)

    assert read(pulse_record(pulse.encode())) == EncodedPulse(pulse, pulse.encode())


def test_a_record_without_a_value_takes_its_room_out() -> None:
    assert read(Record(b"final", None, 0, 0, 0)) == Removal("final")
