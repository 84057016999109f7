"""A TCP proxy of the test's own: what a bad network does to a link.

It cuts, falls silent, delays, and resets. What travels is not looked at.
"""

import asyncio
import random
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from tests.faults.proxied import Address, Connection, Network

_ANSWER_WITHIN_S = 30.0

_Result = TypeVar("_Result")


class Proxy:
    """Forwards connections to another address, as well as it is told.

    Its methods may be called by any thread, and return when it is so.
    """

    def __init__(self, listen: Address, target: Address) -> None:
        """Describe a proxy; `start` opens it.

        Args:
            listen: Where it takes connections.
            target: Where it forwards them to.
        """
        self._listen, self._target = listen, target
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server | None = None
        self._network = Network()
        self._open: set[Connection] = set()
        self._resetting: asyncio.Task[None] | None = None
        self._resets = 0
        self._is_cut = False

    @property
    def connections(self) -> int:
        """How many are open now."""
        return len(self._open)

    @property
    def resets(self) -> int:
        """How many `reset_some` has reset so far."""
        return self._resets

    def start(self) -> None:
        """Take connections."""
        self._thread.start()
        self._do(self._heal())

    def close(self) -> None:
        """End all connections, and take no more."""
        self._do(self._cut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """Reset every connection and refuse new ones, until `heal`."""
        self._do(self._cut())

    def fall_silent(self) -> None:
        """Be half open until `heal`: accept, forward nothing, and close nothing.

        What has been sent meanwhile then arrives late, as it does in a network.
        """
        self._do(self._fall_silent())

    def delay(self, seconds: float) -> None:
        """Have everything arrive so much later, in both directions, until `heal`."""
        self._do(self._delay(seconds))

    def reset_some(self, share: float, chance: random.Random) -> None:
        """Reset this share of the connections each second, until `heal`."""
        self._do(self._begin_resetting(share, chance))

    def heal(self) -> None:
        """Forward everything at once, as in the beginning."""
        self._do(self._heal())

    def _do(self, what: Coroutine[Any, Any, _Result]) -> _Result:
        running = asyncio.run_coroutine_threadsafe(what, self._loop)
        return running.result(_ANSWER_WITHIN_S)

    async def _heal(self) -> None:
        self._is_cut = False
        await self._stop_resetting()
        self._network.delay_s = 0.0
        self._network.flows.set()
        if self._server is None:
            host, port = self._listen
            self._server = await asyncio.start_server(self._take, host, port)

    async def _cut(self) -> None:
        self._is_cut = True
        await self._stop_resetting()
        if self._server:
            self._server.close()
            self._server = None
        while self._open:  # one may have been accepted a moment ago
            await asyncio.gather(*(one.reset() for one in self._open))
        await asyncio.sleep(0)  # what was reset is closed in the loop's next turn

    async def _fall_silent(self) -> None:
        self._network.flows.clear()

    async def _delay(self, seconds: float) -> None:
        self._network.delay_s = seconds

    async def _begin_resetting(self, share: float, chance: random.Random) -> None:
        await self._stop_resetting()
        self._resetting = asyncio.create_task(self._reset_some(share, chance))

    async def _stop_resetting(self) -> None:
        if self._resetting:
            self._resetting.cancel()
            await asyncio.wait([self._resetting])
            self._resetting = None

    async def _reset_some(self, share: float, chance: random.Random) -> None:
        while True:
            struck = [one for one in self._open if chance.random() < share]
            await asyncio.gather(*(one.reset() for one in struck))
            self._resets += len(struck)
            await asyncio.sleep(1)

    async def _take(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        connection = Connection(self._network, reader, writer)
        if self._is_cut:  # since it was accepted
            await connection.reset()
            return
        self._open.add(connection)
        try:
            await connection.serve(self._target)
        finally:
            self._open.discard(connection)


@contextmanager
def proxy(listen: Address, target: Address) -> Iterator[Proxy]:
    """Run a proxy until the end of the block."""
    running = Proxy(listen, target)
    try:
        running.start()
        yield running
    finally:
        running.close()
