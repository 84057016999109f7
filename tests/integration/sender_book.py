"""A sender of batches, straight into Kafka, that keeps a book of its own."""

import json
import random
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass
from typing import Self

from confluent_kafka import KafkaError, Message, Producer

EMOJI = ("❤️", "😂", "🔥", "👏", "😮", "😡")
ROOMS = ("a", "b", "c")

COPY_LATE_MAX_S = 1.0
"""Past its time by more, a copy is not sent: the first may be known no longer."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What is sent: batches a second, and how they are repeated.

    Attributes:
        rate: Batches a second.
        repeated: Which part of them is sent again, one to four times.
        again_after_s: From and to, how long after the first time.
        with_counts: Which part has the counts in a header, too.
    """

    rate: float = 40
    repeated: float = 0.4
    again_after_s: tuple[float, float] = (2, 6)
    with_counts: float = 0.5


@dataclass(frozen=True, slots=True)
class _Batch:
    room: str
    value: bytes
    headers: list[tuple[str, str | bytes | None]]


class Sender:
    """Sends in a thread until told to stop; `book` is what every room must show."""

    def __init__(self, servers: str, topic: str, traffic: Traffic, seed: int) -> None:
        self.book: Counter[str] = Counter()
        self.batches = 0
        self.copies = 0
        self.partition: int | None = None
        self._topic, self._traffic = topic, traffic
        self._random = random.Random(seed)
        self._due: list[tuple[float, _Batch]] = []
        self._stop = threading.Event()
        self._failed: list[KafkaError] = []
        self._thread = threading.Thread(target=self._run)
        self._producer = Producer(
            {"bootstrap.servers": servers, "linger.ms": 2, "enable.idempotence": True}
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.finish()

    def finish(self) -> None:
        """Send the copies still due, and see that Kafka has everything."""
        self._stop.set()
        self._thread.join()
        assert self._producer.flush(30) == 0
        assert not self._failed

    def _run(self) -> None:
        next_s = time.monotonic()
        while not self._stop.is_set() or self._due:
            now_s = time.monotonic()
            while not self._stop.is_set() and next_s <= now_s:
                self._send_new(now_s)
                next_s += 1 / self._traffic.rate
            for due_s, batch in [item for item in self._due if item[0] <= now_s]:
                if now_s - due_s <= COPY_LATE_MAX_S:
                    self._produce(batch)
            self._due = [item for item in self._due if item[0] > now_s]
            self._producer.poll(0)
            time.sleep(0.004)

    def _send_new(self, now_s: float) -> None:
        chance, traffic = self._random, self._traffic
        emoji = chance.choices(EMOJI, k=chance.randint(1, 20))
        reactions = [{"user_id": "u", "emoji_type": e, "timestamp": 1} for e in emoji]
        batch_id = uuid.UUID(int=chance.getrandbits(128)).hex
        headers: list[tuple[str, str | bytes | None]] = [("batch_id", batch_id)]
        if chance.random() < traffic.with_counts:
            headers.append(("counts", json.dumps(Counter(emoji))))
        batch = _Batch(chance.choice(ROOMS), json.dumps(reactions).encode(), headers)
        self._produce(batch)
        self.batches += 1
        self.book[batch.room] += len(emoji)
        if chance.random() < traffic.repeated:
            for _ in range(chance.randint(1, 4)):
                later_s = chance.uniform(*traffic.again_after_s)
                self._due.append((now_s + later_s, batch))

    def _produce(self, batch: _Batch) -> None:
        partition = self._random.randrange(2)
        self._producer.produce(
            self._topic,
            batch.value,
            key=batch.room,
            headers=batch.headers,
            partition=partition if self.partition is None else self.partition,
            on_delivery=self._delivered,
        )
        self.copies += 1

    def _delivered(self, error: KafkaError | None, _: Message) -> None:
        if error is not None:
            self._failed.append(error)
