import struct

import pytest

from clients.crowd import packets
from clients.crowd.packets import BadPacket, publication, reason, whole


def text(content: str) -> bytes:
    return struct.pack("!H", len(content.encode())) + content.encode()


def named(name: str, value: str) -> bytes:
    return b"\x26" + text(name) + text(value)


def message(properties: bytes = b"", payload: bytes = b"{}", qos: int = 0) -> bytes:
    packet_id = struct.pack("!H", 7) if qos else b""
    return (
        text("relay/1/r/full")
        + packet_id
        + number(len(properties))
        + properties
        + (payload)
    )


def number(value: int) -> bytes:
    low, high = value & 0x7F, value >> 7
    return bytes((low | 0x80, high)) if high else bytes((low,))


def packet(first: int, body: bytes) -> bytes:
    return bytes((first,)) + number(len(body)) + body


def test_packets_are_taken_out_once_they_are_there_as_a_whole() -> None:
    stream = packet(0x30, message()) + packet(0xD0, b"") + packet(0x30, b"x" * 300)
    inbox = bytearray()
    found: list[tuple[int, bytes]] = []
    for byte in stream:
        inbox.append(byte)
        found += whole(inbox)

    assert found == [(0x30, message()), (0xD0, b""), (0x30, b"x" * 300)]
    assert not inbox


def test_a_length_without_an_end_is_no_packet() -> None:
    with pytest.raises(BadPacket):
        list(whole(bytearray(b"\x30\xff\xff\xff\xff\xff")))


def test_a_message_has_its_topic_its_payload_and_its_user_properties() -> None:
    properties = (
        b"\x02" + struct.pack("!I", 60) + named("bridge_ms", "1") + b"\x01\x01"
        b"\x09" + text("what was asked") + named("worker_ms", "2" * 100)
    )
    found = publication(0x30, message(properties, b'{"v": 1}'))

    assert (found.topic, found.payload) == ("relay/1/r/full", b'{"v": 1}')
    assert found.named == {"bridge_ms": "1", "worker_ms": "2" * 100}
    assert found.packet_id is None


def test_a_message_that_is_to_be_acknowledged_says_under_which_number() -> None:
    assert publication(0x32, message(qos=1)).packet_id == 7
    assert publication(0x32, message(qos=1)).payload == b"{}"


@pytest.mark.parametrize("body", [b"", b"\x00\x05ab", text("a") + b"\x01\x7e"])
def test_what_is_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(BadPacket):
        publication(0x30, body)


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
