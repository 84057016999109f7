"""A PUBLISH as it comes from a broker, read as an event.

Paho reads each property for 15 to 20 µs and takes all of them apart, also the thousands
that a stranger may put into one packet; and it ends the connection at a character that
MQTT allows (U+FEFF) and brokers hand on. Here nothing that a message says ends more
than itself.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from clients.event import Message
from mosquitto.topic import BRIDGE_TIME, SPREAD, WORKER_TIME

PROPERTIES_MAX = 32
"""As many are looked at; whoever we know sends five."""

_EXPIRY, _REPLY_TO, _CORRELATION, _USER = 0x02, 0x08, 0x09, 0x26
_FIXED_BYTES = {0x01: 1, _EXPIRY: 4, 0x23: 2}
_VARIABLE_INTEGER = 0x0B
_TEXTS = {0x03: 1, _REPLY_TO: 1, _CORRELATION: 1, _USER: 2}
"""How many pieces follow, each with its length in front."""

# To the year 33,658; what is much longer, `int` does not take.
_MILLISECONDS = re.compile(rb"[0-9]{1,15}")
_SECONDS = re.compile(rb"[0-9]{1,6}(\.[0-9]{1,6})?")


class Unreadable(ValueError):
    """The bytes are no PUBLISH of MQTT 5."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message, and the packet that acknowledges it if it is to be acknowledged."""

    message: Message
    packet_id: int | None


def read(flags: int, packet: bytes) -> Received:
    """Read a packet that has just come.

    Args:
        flags: Its first byte.
        packet: What comes after its length.

    Raises:
        Unreadable: If it is cut off, or its topic is no text.
    """
    try:
        topic, at = _piece(packet, 0)
        packet_id = None
        if flags & 0b0110:
            packet_id, at = int.from_bytes(packet[at : at + 2], "big"), at + 2
        length, at = _integer(packet, at)
        said = _said(packet[at : at + length])
        message = Message(
            time.monotonic(),
            topic.decode(),
            packet[at + length :],
            retained=bool(flags & 0b0001),
            bridge_ms=_milliseconds(said.get(BRIDGE_TIME)),
            here_ms=time.time_ns() // 1_000_000,
            worker_ms=_milliseconds(said.get(WORKER_TIME)),
            reply_to=_text(said.get(_REPLY_TO)),
            correlation=said.get(_CORRELATION),
            expires_in_s=_number(said.get(_EXPIRY)),
            spread_s=_seconds(said.get(SPREAD)),
        )
    except (IndexError, UnicodeDecodeError) as error:
        raise Unreadable(str(error)) from error
    return Received(message, packet_id)


def _said(properties: bytes) -> dict[Any, bytes]:
    """Return what the properties say: by name those of a user's, by number others."""
    said: dict[Any, bytes] = {}
    at = 0
    for _ in range(PROPERTIES_MAX):
        if at >= len(properties):
            break
        kind, pieces, at = _property(properties, at)
        if kind == _USER:
            name, value = pieces
            said.setdefault(name.decode(errors="replace"), value)
        else:
            said[kind] = pieces[0]
    return said


def _property(packet: bytes, at: int) -> tuple[int, list[bytes], int]:
    """Return a property's number, what it says, and where the next begins."""
    kind, at = packet[at], at + 1
    if size := _FIXED_BYTES.get(kind):
        return kind, [packet[at : at + size]], at + size
    if kind == _VARIABLE_INTEGER:
        _, after = _integer(packet, at)
        return kind, [packet[at:after]], after
    if kind not in _TEXTS:
        raise IndexError(f"no property of a message is numbered {kind}")
    pieces = []
    for _ in range(_TEXTS[kind]):
        piece, at = _piece(packet, at)
        pieces.append(piece)
    return kind, pieces, at


def _piece(packet: bytes, at: int) -> tuple[bytes, int]:
    """Return the bytes that have their length in front, and where they end."""
    begin = at + 2
    end = begin + int.from_bytes(packet[at:begin], "big")
    if end > len(packet):
        raise IndexError("the packet is cut off")
    return packet[begin:end], end


def _integer(packet: bytes, at: int) -> tuple[int, int]:
    """Return a variable byte integer, and where it ends."""
    value = 0
    for place, byte in enumerate(_bytes(packet, at)):
        value |= (byte & 0x7F) << (7 * place)
        if not byte & 0x80:
            return value, at + place + 1
    raise IndexError("an integer does not end")


def _bytes(packet: bytes, at: int) -> Iterator[int]:
    for place in range(4):
        yield packet[at + place]


def _milliseconds(text: bytes | None) -> int | None:
    return int(text) if text and _MILLISECONDS.fullmatch(text) else None


def _seconds(text: bytes | None) -> float | None:
    return float(text) if text and _SECONDS.fullmatch(text) else None


def _number(raw: bytes | None) -> int | None:
    return None if raw is None else int.from_bytes(raw, "big")


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else raw.decode(errors="replace")
