"""One connection through a proxy, from its first byte to its last."""

import asyncio
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass, field

Address = tuple[str, int]

_CHUNK_BYTES = 64 * 1024
_CHUNKS_MAX = 64
"""On their way in one direction; beyond them who sends has to wait."""

_CONNECT_WITHIN_S = 5.0
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)

_Chunks = asyncio.Queue[tuple[float, bytes | None]]
"""When each is due, by the loop's clock; no bytes are the end, None is a reset."""


@dataclass(slots=True)
class Network:
    """How it is between the two ends of all connections of a proxy."""

    delay_s: float = 0.0
    flows: asyncio.Event = field(default_factory=asyncio.Event)
    """Not set, nothing arrives, not even that the other end has closed."""


class Connection:
    """A client's connection, and the one to the target that goes on for it."""

    def __init__(
        self,
        network: Network,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._network = network
        self._near = reader, writer
        self._writers = [writer]
        self._carrying: asyncio.Task[None] | None = None
        self._ended = asyncio.Event()

    async def serve(self, target: Address) -> None:
        """Carry both directions until both have ended, or one is reset."""
        # Not itself: a callback of asyncio's cannot bear that it is cancelled.
        self._carrying = asyncio.create_task(self._carry(target))
        await asyncio.wait([self._carrying])
        if self._carrying.cancelled() or self._carrying.exception():
            self._abort()
        for writer in self._writers:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
        self._ended.set()

    async def reset(self) -> None:
        """End it as a network does: neither end is told anything but that."""
        self._abort()
        if self._carrying:
            self._carrying.cancel()
            await self._ended.wait()

    async def _carry(self, target: Address) -> None:
        await self._network.flows.wait()
        async with asyncio.timeout(_CONNECT_WITHIN_S):
            far = await asyncio.open_connection(*target)
        self._writers.append(far[1])
        async with asyncio.TaskGroup() as both:
            for source, sink in ((self._near[0], far[1]), (far[0], self._near[1])):
                chunks = _Chunks(_CHUNKS_MAX)
                both.create_task(self._collect(source, chunks))
                both.create_task(self._deliver(chunks, sink))

    async def _collect(self, source: asyncio.StreamReader, chunks: _Chunks) -> None:
        data: bytes | None = None
        while data != b"":
            try:
                data = await source.read(_CHUNK_BYTES)
            except OSError:
                data = None
            due_s = asyncio.get_running_loop().time() + self._network.delay_s
            await chunks.put((due_s, data))
            if data is None:
                return

    async def _deliver(self, chunks: _Chunks, sink: asyncio.StreamWriter) -> None:
        while True:
            due_s, data = await chunks.get()
            await asyncio.sleep(due_s - asyncio.get_running_loop().time())
            await self._network.flows.wait()
            if data is None:
                raise ConnectionResetError
            if not data:
                sink.write_eof()
                return
            sink.write(data)
            await sink.drain()

    def _abort(self) -> None:
        for writer in self._writers:
            connection = writer.get_extra_info("socket")
            with suppress(OSError):  # it has ended already
                connection.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE
                )
            writer.transport.abort()
