"""MQTT 5 as far as a member of the audience speaks it. Pure.

By hand, because a client library takes a thread for each of a thousand connections,
and longer for a message than a broker and a worker together.
"""

import struct
from collections.abc import Iterator, Mapping

CONNACK, PUBLISH, PUBACK, SUBACK, PINGRESP, DISCONNECT = 2, 3, 4, 9, 13, 14
"""Kinds of packets: the upper half of their first byte."""

PINGREQ = bytes((0xC0, 0))
GOODBYE = bytes((0xE0, 0))
"""A DISCONNECT in order: the will is not sent."""

_SAID = {(DISCONNECT, 0x8E): "Session taken over", (CONNACK, 0x87): "Not authorized"}

REFUSED_FROM = 0x80
"""Reason codes from here on say no."""

_VERSION = 5
_CLEAN_START, _WILL, _WILL_ONCE_AT_LEAST = 0x02, 0x04, 0x08
_NO_PROPERTIES = b"\x00"
_PACKET_ID_BYTES = 2
_LEAST_BYTES = 3
_DIGIT = 0x7F
_GOES_ON = 0x80
"""Set in a byte of a number that is not the last."""


class BadPacket(ValueError):
    """The bytes are no packet that a broker sends to a member."""


def connect(client_id: str, *, keepalive_s: int, will_topic: str) -> bytes:
    """Return what opens a session that ends with the connection; its will is empty."""
    head = text("MQTT") + struct.pack(
        "!BBH", _VERSION, _CLEAN_START | _WILL | _WILL_ONCE_AT_LEAST, keepalive_s
    )
    will = _NO_PROPERTIES + text(will_topic) + text("")
    return _packet(0x10, head + _NO_PROPERTIES + text(client_id) + will)


def subscribe(packet_id: int, topics: Mapping[str, int]) -> bytes:
    """Return what asks for these topics: topic → QoS."""
    asked = b"".join(text(topic) + bytes([qos]) for topic, qos in topics.items())
    return _packet(0x82, struct.pack("!H", packet_id) + _NO_PROPERTIES + asked)


def publish(packet_id: int, topic: str, payload: bytes) -> bytes:
    """Return a message of QoS 1."""
    head = text(topic) + struct.pack("!H", packet_id) + _NO_PROPERTIES
    return _packet(0x32, head + payload)


def puback(packet_id: int) -> bytes:
    """Return what acknowledges a message of QoS 1."""
    return _packet(0x40, struct.pack("!H", packet_id))


def lone(data: bytes) -> int | None:
    """Return where the body begins, if these bytes are one packet and nothing else."""
    if len(data) < _LEAST_BYTES:
        return None
    length, at = data[1], 2
    if length & _GOES_ON:
        length, at = length & _DIGIT | data[2] << 7, 3
        if data[2] & _GOES_ON:
            return None  # none that a frame has
    return at if len(data) == at + length else None


def whole(inbox: bytearray) -> Iterator[tuple[int, bytes]]:
    """Take the packets out of `inbox` that are there as a whole: first byte and body.

    Raises:
        BadPacket: If a length has no end.
    """
    while (sized := _sized(inbox)) and len(inbox) >= sum(sized):
        start, length = sized
        first, body = inbox[0], bytes(inbox[start : start + length])
        del inbox[: start + length]
        yield first, body


def reason(kind: int, body: bytes) -> int:
    """Return the greatest reason code of an answer; 0 where it names none."""
    if kind == CONNACK:
        return body[1]
    if kind == SUBACK:
        length, start = _number(body, 2)
        return max(body[start + length :])
    if kind == PUBACK:
        return body[2] if len(body) > _PACKET_ID_BYTES else 0
    return body[0] if body else 0  # DISCONNECT


def refusal(kind: int, code: int) -> str:
    """Say why a broker has said no, in the words of the client library."""
    return _SAID.get((kind, code), f"packet {kind} says {code}")


def _sized(inbox: bytearray) -> tuple[int, int] | None:
    """Return where the first packet's body starts and its length, if that is there."""
    try:
        length, start = _number(inbox, 1)
    except IndexError:
        return None
    return start, length


def _number(raw: bytes | bytearray, at: int) -> tuple[int, int]:
    """Read a number of one to four bytes; return it and where the next thing starts."""
    value = 0
    for shift in (0, 7, 14, 21):
        digit, at = raw[at], at + 1
        value |= (digit & 0x7F) << shift
        if digit < _GOES_ON:
            return value, at
    raise BadPacket("a length of more than four bytes")


def text(words: str) -> bytes:
    """Return a text as it stands in a packet: its length first."""
    raw = words.encode()
    return struct.pack("!H", len(raw)) + raw


def _packet(first: int, body: bytes) -> bytes:
    length, left = bytearray(), len(body)
    while True:
        left, digit = divmod(left, 128)
        length.append(digit | (0x80 if left else 0))
        if not left:
            return bytes([first]) + bytes(length) + body
