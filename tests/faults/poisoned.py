"""Poison in the reaction log, at the pace at which reactions come in.

Of every kind in `tests.integration.poison` but those whose header lies about a value
that can be read: that is a difference, which the auditor has to find, not to forgive.
"""

import json
import random
from collections.abc import Sequence

from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition

from ingest.topics import reactions_name
from stream.auditor import records
from tests.integration.log_records import Record
from tests.integration.poison import POISON

SHARE = 0.01
"""So much of all that is written is poison."""

LAST = "🏁"

_ASK_WITHIN_S = 30.0
_TOPIC = reactions_name("")
_ROOM = b"final"
"""What `POISON` calls a room that there can be."""


def kinds() -> list[tuple[Record, int]]:
    """Return records, and how many reactions are counted of each."""
    return [
        (record, counted)
        for record, _, counted in POISON
        if records.read(record.key, record.value, record.headers).readable == counted
    ]


class Poisoner:
    """Writes poison among the reactions of others.

    Args:
        servers: Kafka's addresses.
        rooms: Where others react: what nothing is counted of goes there.
        room: Of its own, for all else; so much is to be counted there as `counted`.
        chance: Decides on the order, and on the room.
    """

    def __init__(
        self, servers: str, rooms: Sequence[str], room: str, chance: random.Random
    ) -> None:
        self.room, self.written, self.counted = room, 0, 0
        self._rooms, self._chance = rooms, chance
        self._producer = Producer({"bootstrap.servers": servers, "log_level": 2})
        self._log = Consumer(
            {"bootstrap.servers": servers, "group.id": "tests", "log_level": 2}
        )
        self._kinds = kinds()
        chance.shuffle(self._kinds)
        self._failed: list[str] = []
        self._begin = self._end()

    def keep_up(self) -> None:
        """Write until poison has its share again."""
        while self.written < (self._end() - self._begin) * SHARE:
            self._write(*self._kinds[self.written % len(self._kinds)])
        self._flush()

    def close(self) -> None:
        """Write the one that nothing is wrong with, behind all others."""
        one = json.dumps([{"emoji_type": LAST}]).encode()
        self._produce(one, self.room.encode(), [("batch_id", f"{self.room}-last")])
        self.counted += 1
        self._flush()
        self._log.close()

    def _write(self, record: Record, counted: int) -> None:
        key = record.key
        if key == _ROOM:
            name = self.room if counted else self._chance.choice(self._rooms)
            key = name.encode()
        own = f"{self.room}-{self.written}"
        named = record.headers
        headers = [(n, own if v == b"id" else v) for n, v in named] if named else None
        self._produce(record.value, key, headers)
        self.written += 1
        self.counted += counted

    def _produce(
        self,
        value: bytes | None,
        key: bytes | None,
        headers: list[tuple[str, str | bytes | None]] | None,
    ) -> None:
        self._producer.produce(
            _TOPIC, value, key, headers=headers, on_delivery=self._delivered
        )

    def _flush(self) -> None:
        left = self._producer.flush(_ASK_WITHIN_S)
        assert not left, f"{left} records of poison were not stored"
        assert not self._failed, self._failed[0]

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self._failed.append(error.str())

    def _end(self) -> int:
        """Return how many records were ever written."""
        known = self._log.list_topics(_TOPIC, _ASK_WITHIN_S).topics[_TOPIC]
        return sum(self._end_of(partition) for partition in known.partitions)

    def _end_of(self, partition: int) -> int:
        at = TopicPartition(_TOPIC, partition)
        bounds = self._log.get_watermark_offsets(at, _ASK_WITHIN_S)
        assert bounds is not None
        return bounds[1]
