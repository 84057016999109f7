"""One process of those who react: `python -m tests.faults.sender URL SEED ROOM...`.

Posts keyed batches to a system over a few connections, at a fixed rate, and writes a
line for each thing that it knows: what goes out before it does, and what became of
it. So its book is whole even when it is killed. Shares no code with the product.

Orders come on stdin, a line each: `go`; `hold`, after which nothing new is begun;
`copies N`, from when on each batch is sent N times; `clock MS`, by which it is wrong.
It ends with them. It is silent at first.
"""

import asyncio
import json
import os
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.faults.post import Connections, NotSent, Silence

EMOJI = ("❤️", "😂", "👏", "🔥", "😮", "😢", "🎉", "👍")
WEIGHTS = (30, 20, 15, 12, 10, 6, 5, 2)

BATCH = 50
"""Reactions of a batch."""

POSTS_PER_S = 55
"""Of one process; two of them make 5,500 reactions a second."""

ON_THEIR_WAY_MAX = 100
"""Batches without an answer; no other begins beyond that, whatever the rate."""

COPIED_MAX = 10
"""The same of batches that are sent many times: what ends then ends soon."""

REPEAT_FOR_S = 40.0
"""The stream knows a batch for a minute."""

REPEATED = 0.1
"""Share of the batches that are sent once more though they were accepted, as by who
has lost the answer."""

REPEATED_WITHIN_S = 2.0
"""Of the answer: the stream has gone on meanwhile, or has been killed."""

_JITTER_S, _JITTER_MAX_S = 0.25, 8.0


@dataclass(slots=True)
class Batch:
    """The same bytes under the same key, however often they are sent."""

    key: str
    room: str
    emoji: Counter[str]
    body: bytes
    again_s: tuple[float, ...]
    """The pause before each time that it is sent again, once it is accepted."""

    may_be_stored: bool = False


class Sender:
    """Posts batches to rooms, one after the other, and tells what became of each."""

    def __init__(self, url: str, seed: str, rooms: list[str]) -> None:
        self._chance = random.Random(seed)
        self._name, self._rooms = f"{seed}-{os.getpid()}", rooms
        server = urlsplit(url)
        assert server.hostname
        assert server.port
        self._connections = Connections(server.hostname, server.port)
        self._going = asyncio.Event()
        self._free = asyncio.Semaphore(ON_THEIR_WAY_MAX)
        self._at_work: set[asyncio.Task[None]] = set()
        self._number = 0
        self._copies, self._wrong_ms = 1, 0

    async def run(self, orders: asyncio.StreamReader) -> None:
        """Post until there are no more orders."""
        posting = asyncio.create_task(self._post_all())
        async for order in orders:
            match order.decode().split():
                case ["go"]:
                    self._going.set()
                case ["hold"]:
                    self._going.clear()
                    tell("held")
                case ["copies", count]:
                    self._copies = int(count)
                case ["clock", wrong_ms]:
                    self._wrong_ms = int(wrong_ms)
        posting.cancel()

    async def _post_all(self) -> None:
        due_s = 0.0
        while True:
            await self._going.wait()
            while self._copies > 1 and len(self._at_work) >= COPIED_MAX:
                await asyncio.wait(self._at_work, return_when=asyncio.FIRST_COMPLETED)
            await self._free.acquire()
            # What could not begin in time is not made up for: the rate is a rate.
            due_s = max(due_s + 1 / POSTS_PER_S, time.monotonic() - 0.1)
            await asyncio.sleep(due_s - time.monotonic())
            if not self._going.is_set():
                self._free.release()
                continue
            batch = self._next()
            tell("sent", batch.key, time.monotonic(), batch.room, batch.emoji)
            task = asyncio.create_task(self._deliver(batch))
            self._at_work.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._at_work.discard(task)
        self._free.release()
        if not task.cancelled() and task.exception():
            raise SystemExit(repr(task.exception()))

    def _next(self) -> Batch:
        self._number += 1
        emoji = self._chance.choices(EMOJI, WEIGHTS, k=BATCH)
        body = [
            {
                "user_id": f"user-{self._chance.randrange(1_000_000)}",
                "emoji_type": one,
                "timestamp": time.time_ns() // 1_000_000 + self._wrong_ms,
            }
            for one in emoji
        ]
        return Batch(
            f"{self._name}-{self._number}",
            self._rooms[self._number % len(self._rooms)],
            Counter(emoji),
            json.dumps(body).encode(),
            self._again_s(),
        )

    def _again_s(self) -> tuple[float, ...]:
        if self._copies > 1:
            return (0.0,) * (self._copies - 1)
        if self._chance.random() < REPEATED:
            return (self._chance.uniform(0, REPEATED_WITHIN_S),)
        return ()

    async def _deliver(self, batch: Batch) -> None:
        """Post a batch until its fate is known, or it is too late to ask again."""
        until_s = time.monotonic() + REPEAT_FOR_S
        pause_s = _JITTER_S
        while True:
            fate, after_s = await self._try(batch)
            if fate:
                break
            # Full jitter: those who fail together do not come back together.
            wait_s = after_s + self._chance.uniform(0, pause_s)
            pause_s = min(2 * pause_s, _JITTER_MAX_S)
            if time.monotonic() + wait_s > until_s:
                fate = "unknown" if batch.may_be_stored else "not stored"
                break
            await asyncio.sleep(wait_s)
        if fate == "accepted":
            for pause_s in batch.again_s:
                await asyncio.sleep(pause_s)
                if time.monotonic() > until_s:
                    break  # a copy that comes later may count again
                await self._try(batch)  # whatever is said: it was accepted
        tell(fate, batch.key, time.monotonic())

    async def _try(self, batch: Batch) -> tuple[str, float]:
        """Post once; return the batch's fate, or none and when to come again."""
        path = f"/v1/rooms/{batch.room}/reactions"
        try:
            answer = await self._connections.post(path, batch.key, batch.body)
        except NotSent:
            return "", 0
        except Silence:
            batch.may_be_stored = True
            return "", 0
        if answer.status == 202:
            whole = {"accepted": BATCH, "rejected": []}
            said = answer.json()
            return "accepted" if said == whole else f"wrong answer {said}", 0
        if answer.status in (408, 429) or answer.error == "not_stored":
            return "", answer.retry_after_s
        if 400 <= answer.status < 500:
            return f"refused {answer.status} {answer.error}", 0
        batch.may_be_stored = True
        return "", answer.retry_after_s


def tell(*words: Any) -> None:  # noqa: ANN401 - JSON
    """Write a line at once, before anything else is done."""
    os.write(sys.stdout.fileno(), json.dumps(words).encode() + b"\n")


async def main(url: str, seed: str, *rooms: str) -> None:
    """Post as ordered on stdin, until that ends."""
    orders = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(orders), sys.stdin
    )
    await Sender(url, seed, list(rooms)).run(orders)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
