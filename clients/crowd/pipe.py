"""How the crowd's processes write and read what they tell each other, line by line."""

import os
import sys
from collections.abc import Callable

import msgspec

from clients.crowd.wire import Order


def say(news: object) -> None:
    """Write a line to whoever started this process."""
    sys.stdout.buffer.write(msgspec.json.encode(news) + b"\n")
    sys.stdout.buffer.flush()


def first_line() -> bytes:
    """Return what is to be done; nothing after it is read: those are orders."""
    line = b""
    while not line.endswith(b"\n"):
        piece = os.read(sys.stdin.fileno(), 1)
        if not piece:
            break
        line += piece
    return line


class Orders:
    """Puts together the lines that come in pieces."""

    def __init__(self, take: Callable[[Order], None]) -> None:
        self._take = take
        self._rest = b""
        self._decoder = msgspec.json.Decoder(Order)

    def feed(self, piece: bytes) -> bool:
        """Take what was read; return whether there may be more."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            self._take(self._decoder.decode(line))
        return bool(piece)
