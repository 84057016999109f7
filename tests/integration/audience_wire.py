"""As much of MQTT 5 as clients by the hundred need: packets to bytes and back."""

from collections.abc import Iterator
from dataclasses import dataclass

CONNACK, PUBLISH, PUBACK, SUBACK, DISCONNECT = 2, 3, 4, 9, 14
"""Kinds of packets: the upper half of their first byte."""

LEAVE = bytes([DISCONNECT << 4, 0])

_REPLY_TO, _CORRELATION = b"\x08", b"\x09"
_NO_PROPERTIES = b"\0"


@dataclass(frozen=True, slots=True)
class Packet:
    """One that has come: its kind, its flags, and the rest."""

    kind: int
    flags: int
    body: bytes

    @property
    def number(self) -> int:
        """By which it is acknowledged, or acknowledges."""
        return int.from_bytes(self.body[:2])


@dataclass(frozen=True, slots=True)
class Published:
    """A message."""

    topic: str
    payload: bytes
    number: int
    """0 if nobody waits for its acknowledgement."""
    retained: bool = False
    reply_to: str = ""
    correlation: bytes = b""

    def encode(self) -> bytes:
        """Return the packet, with QoS 1."""
        properties = b""
        if self.reply_to:
            properties += _REPLY_TO + _text(self.reply_to)
        if self.correlation:
            properties += _CORRELATION + _binary(self.correlation)
        body = _text(self.topic) + self.number.to_bytes(2)
        body += _length(len(properties)) + properties + self.payload
        return _packet(PUBLISH, 0b0010 | self.retained, body)

    @classmethod
    def decode(cls, packet: Packet) -> "Published":
        """Read a message; its properties are passed over."""
        topic_end = 2 + packet.number
        qos, at = (packet.flags >> 1) & 3, topic_end
        number = 0
        if qos:
            number, at = int.from_bytes(packet.body[at : at + 2]), at + 2
        properties, at = _read_length(packet.body, at)
        return cls(
            packet.body[2:topic_end].decode(),
            packet.body[at + properties :],
            number,
            retained=bool(packet.flags & 1),
        )


def connect(client_id: str, will: str = "") -> bytes:
    """Return a CONNECT: clean, without keepalive."""
    flags = 0b1110 if will else 0b0010
    body = _text("MQTT") + bytes([5, flags, 0, 0]) + _NO_PROPERTIES + _text(client_id)
    if will:
        body += _NO_PROPERTIES + _text(will) + _binary(b"")
    return _packet(1, 0, body)


def connect_as(client_id: str, user: str, password: str) -> bytes:
    """Return a CONNECT of somebody with a name."""
    head = _text("MQTT") + bytes([5, 0b11000010, 0, 0]) + _NO_PROPERTIES
    return _packet(1, 0, head + _text(client_id) + _text(user) + _text(password))


def subscribe(number: int, topics: tuple[str, ...], qos: int = 0) -> bytes:
    """Return a SUBSCRIBE."""
    wishes = b"".join(_text(topic) + bytes([qos]) for topic in topics)
    return _packet(8, 2, number.to_bytes(2) + _NO_PROPERTIES + wishes)


def acknowledge(number: int) -> bytes:
    """Return a PUBACK."""
    return _packet(PUBACK, 0, number.to_bytes(2))


def split(received: bytearray) -> Iterator[Packet]:
    """Take each whole packet from what has been received."""
    while len(received) >= 2:
        try:
            length, start = _read_length(received, 1)
        except IndexError:
            return
        if len(received) < start + length:
            return
        first, body = received[0], bytes(received[start : start + length])
        del received[: start + length]
        yield Packet(first >> 4, first & 15, body)


def _packet(kind: int, flags: int, body: bytes) -> bytes:
    return bytes([kind << 4 | flags]) + _length(len(body)) + body


def _binary(raw: bytes) -> bytes:
    return len(raw).to_bytes(2) + raw


def _text(text: str) -> bytes:
    return _binary(text.encode())


def _length(length: int) -> bytes:
    encoded = bytearray()
    while length > 127:
        encoded.append(length & 127 | 128)
        length >>= 7
    return bytes([*encoded, length])


def _read_length(raw: bytes | bytearray, at: int) -> tuple[int, int]:
    """Return the number that begins there, and where it ends."""
    length = shift = 0
    while raw[at] & 128:
        length |= (raw[at] & 127) << shift
        shift, at = shift + 7, at + 1
    return length | raw[at] << shift, at + 1
