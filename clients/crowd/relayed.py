"""Reads relayed frames: once for all whom one worker serves, but for the topic.

A frame of real size takes several microseconds to read; thousands get the same bytes.
"""

from typing import NamedTuple

import msgspec

from clients.crowd.book import Book, Sight
from clients.received import Unreadable, read
from stream.frame import Stamp, Times

_KEY_BYTES = 256
"""By then a frame has said its position, and before it its worker the time."""

_POSITION_ENDS = b'"window_start_ms":'
_KNOWN_MAX = 1024


class Brief(Stamp, frozen=True):
    """As much of a frame as whoever measures looks at."""

    total: int
    times: Times

    @property
    def made_s(self) -> float:
        """When the stream made it, in seconds since the epoch."""
        return self.times.made_ms / 1000


class Copy(NamedTuple):
    """What is the same for all whom one worker serves."""

    sight: Sight
    payload: bytes
    spread_s: float | None
    frame: Brief
    bridge_ms: int | None


_DECODER = msgspec.json.Decoder(Brief)


class Reader:
    """Knows what it has read before.

    Args:
        book: Numbers the frames.
    """

    def __init__(self, book: Book) -> None:
        self._book = book
        self._known: dict[bytes, Copy | None] = {}
        self.unreadable = 0

    def read(self, first: int, body: bytes, at: int) -> Copy | None:
        """Read a PUBLISH without packet id; return None if it is no frame.

        Args:
            first: The packet's first byte.
            body: What comes after its length.
            at: Where its topic ends.
        """
        key = body[at : at + _KEY_BYTES]
        try:
            return self._known[key]
        except KeyError:
            return self._new(first, body, at, key)

    def _new(self, first: int, body: bytes, at: int, key: bytes) -> Copy | None:
        if not _says_all(key):
            key = body[at:]
        if key not in self._known:
            if len(self._known) >= _KNOWN_MAX:
                self._known.clear()
            self._known[key] = self._decoded(first, body)
        return self._known[key]

    def _decoded(self, first: int, body: bytes) -> Copy | None:
        try:
            message = read(first, body).message
            if not message.payload:
                return None  # a worker takes away what was kept
            frame = _DECODER.decode(message.payload)
        except (Unreadable, msgspec.MsgspecError, UnicodeDecodeError):
            self.unreadable += 1
            return None
        number = self._book.number(frame.position, frame.made_s)
        worker_s = (message.worker_ms or 0) / 1000
        sight = Sight(number, frame.total, worker_s)
        return Copy(sight, message.payload, message.spread_s, frame, message.bridge_ms)


def _says_all(key: bytes) -> bool:
    at = key.find(_POSITION_ENDS)
    return at >= 0 and key.find(b",", at) >= 0
