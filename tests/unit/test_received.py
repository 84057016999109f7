import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from clients.parcel import Extras
from clients.received import PROPERTIES_MAX, Unreadable, read

QOS_1, RETAIN = 0b0010, 0b0001


def text(raw: bytes) -> bytes:
    return struct.pack("!H", len(raw)) + raw


def user(name: bytes, value: bytes = b"") -> bytes:
    return b"\x26" + text(name) + text(value)


def length(size: int) -> bytes:
    encoded = bytearray()
    while True:
        size, low = divmod(size, 128)
        encoded.append(low | (0x80 if size else 0))
        if not size:
            return bytes(encoded)


def packet(
    properties: bytes = b"", *, topic: bytes = b"a/b", packet_id: int | None = None
) -> bytes:
    number = b"" if packet_id is None else struct.pack("!H", packet_id)
    return text(topic) + number + length(len(properties)) + properties + b"payload"


def test_a_bare_message_is_its_topic_and_its_payload() -> None:
    came = read(0x30, packet())

    assert (came.message.topic, came.message.payload) == ("a/b", b"payload")
    assert not came.message.retained
    assert came.packet_id is None


def test_what_is_to_be_acknowledged_has_a_number() -> None:
    came = read(0x30 | QOS_1 | RETAIN, packet(packet_id=513))

    assert came.packet_id == 513
    assert came.message.retained
    assert came.message.payload == b"payload"


def test_what_we_send_is_what_we_read() -> None:
    extras = Extras(
        bridge_ms=1310,
        worker_ms=1320,
        expires_in_s=300,
        reply_to="clients/ann/assignment/7",
        correlation=b"\x00\xff",
    )

    message = read(0x30, packet_of(extras.properties())).message

    assert (message.bridge_ms, message.worker_ms) == (1310, 1320)
    assert message.expires_in_s == 300
    assert message.reply_to == "clients/ann/assignment/7"
    assert message.correlation == b"\x00\xff"


def test_every_property_of_a_message_is_passed_over_in_its_length() -> None:
    all_others = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    all_others.PayloadFormatIndicator = 1
    all_others.TopicAlias = 3
    all_others.ContentType = "text"
    all_others.SubscriptionIdentifier = 200_000
    all_others.UserProperty = ("bridge_ms", "7")

    message = read(0x30, packet_of(all_others)).message

    assert message.bridge_ms == 7
    assert message.payload == b"payload"


@pytest.mark.parametrize("hostile", ["\ufeff".encode(), b"\xff\xfe", b"\x00", b""])
def test_no_character_of_a_stranger_ends_a_connection(hostile: bytes) -> None:
    said = user(hostile, hostile) + b"\x08" + text(hostile) + b"\x03" + text(hostile)

    assert read(0x30, packet(said)).message.payload == b"payload"


def test_of_thousands_of_properties_few_are_looked_at() -> None:
    many = user(b"") * PROPERTIES_MAX + user(b"bridge_ms", b"7")

    message = read(0x30, packet(many)).message

    assert message.bridge_ms is None
    assert message.payload == b"payload"


@pytest.mark.parametrize("time", [b"", b"-1", b"1.5", b"9" * 16, b"now", b"\xd9\xa1"])
def test_a_time_that_is_none_is_not_read(time: bytes) -> None:
    assert read(0x30, packet(user(b"bridge_ms", time))).message.bridge_ms is None


@pytest.mark.parametrize(
    "cut", [b"", b"\x00", b"\x00\x09a", b"\x00\x01a", b"\x00\x01a\xff\xff\xff\xff\xff"]
)
def test_what_is_cut_off_is_no_message(cut: bytes) -> None:
    with pytest.raises(Unreadable):
        read(0x30, cut)


@given(st.integers(0, 255), st.binary(max_size=200))
def test_whatever_comes_is_a_message_or_is_none(flags: int, raw: bytes) -> None:
    try:
        read(flags, raw)
    except Unreadable:
        return


def packet_of(properties: Properties) -> bytes:
    packed: bytes = properties.pack()  # type: ignore[no-untyped-call]
    return text(b"a/b") + packed + b"payload"
