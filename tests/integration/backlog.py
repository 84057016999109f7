"""Ten minutes of reactions, stored while nothing read them; made in a moment."""

import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from confluent_kafka import Producer
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

MINUTES = 10
_BATCHES_PER_S = 20
_REPEATED = 0.2
_AGAIN_WITHIN_S = 20.0


@dataclass
class Backlog:
    """What was written: reactions of distinct batches, of their copies, records."""

    seed: int
    distinct: int = 0
    repeated: int = 0
    records: int = 0
    _chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)

    def write(self, servers: str, topic: str, room: str) -> None:
        """Fill a partition with the first half of the time, then one with the rest."""
        _believe_senders(servers, topic)
        producer = Producer({"bootstrap.servers": servers, "linger.ms": 20})
        begin_s = time.time() - (MINUTES + 1) * 60
        half_s = MINUTES * 60 / 2
        for second, name, value in sorted(self._batches()):
            producer.produce(
                topic,
                value,
                room,
                int(second >= half_s),
                timestamp=round((begin_s + second) * 1000),
                headers={"batch_id": name},
            )
            producer.poll(0)
            self.records += 1
        assert producer.flush(60) == 0

    def _batches(self) -> Iterator[tuple[float, str, str]]:
        chance = self._chance
        for number in range(MINUTES * 60 * _BATCHES_PER_S):
            second = number / _BATCHES_PER_S
            emoji = chance.choices("❤😂🔥", k=chance.randint(1, 20))
            value = json.dumps([{"emoji_type": each} for each in emoji])
            self.distinct += len(emoji)
            yield second, f"{number}", value
            if chance.random() < _REPEATED:
                self.repeated += len(emoji)
                yield second + chance.uniform(0, _AGAIN_WITHIN_S), f"{number}", value


def _believe_senders(servers: str, topic: str) -> None:
    """Have Kafka take a record's time from who sends it: ten minutes in a moment."""
    entry = ConfigEntry(
        "message.timestamp.type",
        "CreateTime",
        incremental_operation=AlterConfigOpType.SET,
    )
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    admin = AdminClient({"bootstrap.servers": servers})
    for done in admin.incremental_alter_configs([resource]).values():
        done.result(30)
