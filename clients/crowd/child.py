"""A process of the crowd's own: orders go in by stdin, news comes out, line by line.

What sends and what watches must not share an interpreter: each would wait for the
other, and what it finds would be its own doing.
"""

import os
import subprocess
import sys
import tempfile
from typing import Self

import msgspec

from clients.crowd.wire import News

_READ_BYTES = 1 << 20
_LOG_CHARS = 2000


class ChildFailed(Exception):
    """A process ended before it had done its work; the text is what it wrote."""


class Child:
    """`python -m module`, until the block ends.

    Args:
        module: Whose main reads its order from stdin.
        order: What it is to do.
    """

    def __init__(self, module: str, order: object) -> None:
        self._module, self._order = module, order
        self._pieces: list[bytes] = []
        self._decoder = msgspec.json.Decoder(News)

    def __enter__(self) -> Self:
        """Start it."""
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [sys.executable, "-m", self._module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            process_group=0,  # a Ctrl-C is ours to handle
        )
        self.tell(self._order)
        return self

    def __exit__(self, *_: object) -> None:
        """End it, whatever it is at."""
        self._process.kill()
        with self._process, self._log:
            pass

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def fileno(self) -> int:
        """Return the file from which its news is read."""
        assert self._process.stdout  # noqa: S101 - it is a pipe
        return self._process.stdout.fileno()

    def tell(self, order: object) -> None:
        """Give it an order; whether it lives is known when it is read from."""
        assert self._process.stdin  # noqa: S101 - it is a pipe
        try:
            self._process.stdin.write(msgspec.json.encode(order) + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return

    def read(self) -> list[News]:
        """Return its news, once there is something to read.

        Raises:
            ChildFailed: If it has ended.
        """
        piece = os.read(self.fileno(), _READ_BYTES)
        if not piece:
            raise ChildFailed(self._last_words())
        self._pieces.append(piece)
        if b"\n" not in piece:
            return []  # a long line is put together once
        *lines, rest = b"".join(self._pieces).split(b"\n")
        self._pieces = [rest]
        return [self._decoder.decode(line) for line in lines]

    def _last_words(self) -> str:
        self._log.seek(0)
        log = self._log.read().decode(errors="replace").strip()
        return f"{self._module} ended by itself: {log[-_LOG_CHARS:] or 'no word'}"
