"""Those who never finish: `python -m tests.containers.slow PORT head|body COUNT`.

Each holds a connection, sends a byte of its request a second, and comes again as soon
as it is cut. Says `ready` once all are connected; ends when its stdin does.
"""

import asyncio
import sys
from contextlib import closing, suppress

from tests.integration.processes import LOOPBACK

EVERY_S = 1.0

_HEAD = (
    b"POST /v1/reactions HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"
)
BEGINNINGS = {
    "head": _HEAD + b"X-Slow: ",
    "body": _HEAD + b"Content-Length: 100000\r\n\r\n[",
}


async def flood(port: int, beginning: bytes, count: int) -> None:
    """Hold so many connections until stdin is closed."""
    connected = asyncio.Semaphore(0)
    async with asyncio.TaskGroup() as group:
        slow = [
            group.create_task(_dawdle(port, beginning, connected)) for _ in range(count)
        ]
        for _ in slow:
            await connected.acquire()
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        for one in slow:
            one.cancel()


async def _dawdle(port: int, beginning: bytes, connected: asyncio.Semaphore) -> None:
    while True:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            connected.release()
            with closing(writer):
                writer.write(beginning)
                await _drip(reader, writer)
        await asyncio.sleep(EVERY_S)


async def _drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a byte now and then, until it is answered or cut."""
    cut = asyncio.create_task(reader.read(1))
    while not cut.done():
        writer.write(b" ")
        await asyncio.wait([cut], timeout=EVERY_S)
    cut.result()


if __name__ == "__main__":
    asyncio.run(flood(int(sys.argv[1]), BEGINNINGS[sys.argv[2]], int(sys.argv[3])))
