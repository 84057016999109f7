"""Keep-alive connections: raw HTTP/1.1, one request at a time on each, no library.

A client library costs more CPU time for a POST than the server does.
"""

import asyncio
import re
import ssl
from collections import deque
from collections.abc import Callable
from typing import Protocol

ANSWER_WITHIN_S = 10
"""The system answers everything within 5 s; what is silent for longer is cut."""

_SWEEP_S = 1
_HEAD_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_CLOSES = re.compile(rb"\r\nconnection: *close\r\n", re.IGNORECASE)
_AFTER = re.compile(rb"\r\nretry-after: *(\d{1,4})\r\n", re.IGNORECASE)
_STATUS = slice(9, 12)  # `HTTP/1.1 202 Accepted`


class Exchange(Protocol):
    """A request on its way: told once what became of it."""

    request: bytes

    def sent(self) -> None:
        """Take that it is handed to the kernel now."""
        ...

    def answered(self, status: int, body: bytes, after_s: float = 0) -> None:
        """Take the answer, and for how long the server wants to be left alone."""
        ...

    def unanswered(self) -> None:
        """Take that there is none: the connection broke, or was silent for too long."""
        ...


class Line(asyncio.Protocol):
    """One connection; `on_free` is told when it can take the next request."""

    def __init__(
        self, on_free: Callable[["Line"], None], on_lost: Callable[["Line"], None]
    ) -> None:
        self._on_free, self._on_lost = on_free, on_lost
        self._transport: asyncio.Transport | None = None
        self._exchange: Exchange | None = None
        self._received = b""
        self.silent_s = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be free."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - TCP
        self._transport = transport
        self._on_free(self)

    def post(self, exchange: Exchange) -> None:
        """Send a request; the line is free."""
        assert self._transport  # noqa: S101 - for the type checker: it is connected
        self._exchange, self._received, self.silent_s = exchange, b"", 0
        exchange.sent()
        self._transport.write(exchange.request)

    def data_received(self, data: bytes) -> None:
        """Take a part of the answer."""
        self._received += data
        head_end = self._received.find(_HEAD_END)
        if head_end < 0:
            return
        length = _LENGTH.search(self._received, 0, head_end + 2)
        body = self._received[head_end + len(_HEAD_END) :]
        if length and len(body) < int(length[1]):
            return
        exchange, self._exchange = self._exchange, None
        if exchange:
            after = _AFTER.search(self._received, 0, head_end + 2)
            after_s = int(after[1]) if after else 0
            exchange.answered(int(self._received[_STATUS]), body, after_s)
        if length is None or _CLOSES.search(self._received, 0, head_end + 2):
            self.cut()
        else:
            self._on_free(self)

    def connection_lost(self, _: Exception | None) -> None:
        """Tell who waits."""
        self._on_lost(self)
        exchange, self._exchange = self._exchange, None
        if exchange:
            exchange.unanswered()

    @property
    def is_busy(self) -> bool:
        """Whether an answer is awaited."""
        return self._exchange is not None

    def cut(self) -> None:
        """End the connection."""
        if self._transport:
            self._transport.abort()


class Lines:
    """All connections; where none is free, another is opened.

    The freshest is taken first, so that no more are in use than are needed.
    """

    def __init__(self, host: str, port: int, limit: int, *, tls: bool = False) -> None:
        self._host, self._port, self._limit = host, port, limit
        self._tls = ssl.create_default_context() if tls else None
        self._all: set[Line] = set()
        self._free: list[Line] = []
        self._opening: set[asyncio.Task[None]] = set()
        self._waiting: deque[Exchange] = deque()
        self.most = 0

    async def warm(self, count: int) -> None:
        """Open so many now."""
        await asyncio.gather(*[self._open() for _ in range(count)])

    def post(self, exchange: Exchange) -> None:
        """Send at once if a line is free, otherwise on the first that is."""
        if self._free:
            self._free.pop().post(exchange)
            return
        self._waiting.append(exchange)
        if len(self._all) + len(self._opening) < self._limit:
            task = asyncio.get_running_loop().create_task(self._open())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def sweep(self) -> None:
        """Cut silent lines, for as long as this runs."""
        while True:
            await asyncio.sleep(_SWEEP_S)
            for line in [line for line in self._all if line.is_busy]:
                line.silent_s += _SWEEP_S
                if line.silent_s > ANSWER_WITHIN_S:
                    line.cut()

    def close(self) -> None:
        """End all connections."""
        for line in self._all:
            line.cut()

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(
                self._line, self._host, self._port, ssl=self._tls
            )
        except OSError:
            if self._waiting:
                self._waiting.popleft().unanswered()

    def _line(self) -> Line:
        line = Line(self._on_free, self._on_lost)
        self._all.add(line)
        self.most = max(self.most, len(self._all))
        return line

    def _on_free(self, line: Line) -> None:
        if self._waiting:
            line.post(self._waiting.popleft())
        else:
            self._free.append(line)

    def _on_lost(self, line: Line) -> None:
        self._all.discard(line)
        if line in self._free:
            self._free.remove(line)
