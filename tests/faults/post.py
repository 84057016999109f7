"""POST over HTTP/1.1 on connections that are kept: as little as a sender needs.

What matters is what is certain afterwards: whether nothing of a request can have
come through, or whether there is no telling.
"""

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

CONNECTED_WITHIN_S = 3.0

ANSWERED_WITHIN_S = 10.0
"""Every 5xx comes within five seconds."""


class NotSent(Exception):
    """There was no connection: nothing of the request has left."""


class Silence(Exception):
    """The request left, in part at least, and no whole answer came."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said."""

    status: int
    retry_after_s: float
    body: bytes

    def json(self) -> Any:  # noqa: ANN401 - JSON
        """Return the body as JSON; none if it is not."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def error(self) -> str:
        """The label of a refusal."""
        said = self.json()
        return str(said.get("error", "")) if isinstance(said, dict) else ""


@dataclass(slots=True)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class Connections:
    """Connections to one server, each used by one request at a time."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._idle: list[_Connection] = []

    async def post(self, path: str, key: str, body: bytes) -> Answer:
        """Post under a key.

        Raises:
            NotSent: If nobody can be reached.
            Silence: If no whole answer comes in time.
        """
        connection = await self._connection()
        try:
            async with asyncio.timeout(ANSWERED_WITHIN_S):
                connection.writer.write(self._head(path, key, len(body)) + body)
                await connection.writer.drain()
                answer, is_kept = await _answer(connection.reader)
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
            connection.writer.close()
            raise Silence(repr(error)) from error
        if is_kept:
            self._idle.append(connection)
        else:
            connection.writer.close()
        return answer

    async def _connection(self) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.reader.at_eof():
                return connection
            connection.writer.close()
        with suppress(OSError):  # as is its time-out
            async with asyncio.timeout(CONNECTED_WITHIN_S):
                return _Connection(
                    *await asyncio.open_connection(self._host, self._port)
                )
        raise NotSent

    def _head(self, path: str, key: str, size: int) -> bytes:
        return (
            f"POST {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {size}\r\n"
            f"Idempotency-Key: {key}\r\n\r\n"
        ).encode()


async def _answer(reader: asyncio.StreamReader) -> tuple[Answer, bool]:
    """Read an answer; tell whether another can follow on this connection.

    Raises:
        EOFError: If the connection ends first.
        ValueError: If that is no HTTP.
    """
    first, *lines = (
        (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    )
    named = [line.partition(":") for line in lines if line]
    headers = {name.lower(): value.strip() for name, _, value in named}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    after_s = headers.get("retry-after", "")
    answer = Answer(
        int(first.split(" ", 2)[1]), float(after_s) if after_s.isdecimal() else 0, body
    )
    return answer, headers.get("connection", "").lower() != "close"
