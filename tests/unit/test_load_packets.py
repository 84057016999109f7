import struct

import pytest

from clients.crowd import packets
from clients.crowd.packets import BadPacket, reason, whole


def text(content: str) -> bytes:
    return struct.pack("!H", len(content.encode())) + content.encode()


def number(value: int) -> bytes:
    low, high = value & 0x7F, value >> 7
    return bytes((low | 0x80, high)) if high else bytes((low,))


def packet(first: int, body: bytes) -> bytes:
    return bytes((first,)) + number(len(body)) + body


def test_packets_are_taken_out_once_they_are_there_as_a_whole() -> None:
    stream = packet(0x30, b"{}") + packet(0xD0, b"") + packet(0x30, b"x" * 300)
    inbox = bytearray()
    found: list[tuple[int, bytes]] = []
    for byte in stream:
        inbox.append(byte)
        found += whole(inbox)

    assert found == [(0x30, b"{}"), (0xD0, b""), (0x30, b"x" * 300)]
    assert not inbox


def test_a_length_without_an_end_is_no_packet() -> None:
    with pytest.raises(BadPacket):
        list(whole(bytearray(b"\x30\xff\xff\xff\xff\xff")))


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        (packets.CONNACK, b"\x00\x87\x00", 0x87),
        (packets.SUBACK, b"\x00\x01\x00\x01\x00", 1),
        (packets.SUBACK, b"\x00\x01\x03\x12\x00\x00\x00\x80", 0x80),
        (packets.PUBACK, b"\x00\x02", 0),
        (packets.PUBACK, b"\x00\x02\x10\x00", 0x10),
        (packets.DISCONNECT, b"\x8e\x00", 0x8E),
        (packets.PINGRESP, b"", 0),
    ],
)
def test_an_answer_says_whether_it_is_a_refusal(
    kind: int, body: bytes, code: int
) -> None:
    assert reason(kind, body) == code


def test_what_is_sent_has_the_form_of_mqtt_5() -> None:
    assert packets.connect("me", keepalive_s=60, will_topic="a/b") == (
        b"\x10\x17\x00\x04MQTT\x05\x0e\x00\x3c\x00"
        + text("me")
        + b"\x00\x00\x03a/b\x00\x00"
    )
    assert packets.subscribe(1, {"a": 1, "b": 0}) == (
        b"\x82\x0b\x00\x01\x00\x00\x01a\x01\x00\x01b\x00"
    )
    assert packets.publish(2, "a", b"{}") == b"\x32\x08\x00\x01a\x00\x02\x00{}"
    assert packets.puback(3) == b"\x40\x02\x00\x03"
