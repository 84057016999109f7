"""Reads the frames that are written from now on, as they lie in Kafka."""

import json
import time
from dataclasses import dataclass

from confluent_kafka import Consumer, TopicPartition

from compose.settings import Settings

_KAFKA_WITHIN_S = 30.0
_FRESH_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class Written:
    """A frame, and where it lies."""

    offset: int
    room: str
    seq: int
    payload: bytes


class FramesTail:
    """Follows the one partition there is.

    Args:
        settings: Of the system.
        committed: Whether to wait for the end of each transaction, as all its readers.
    """

    def __init__(self, settings: Settings, *, committed: bool) -> None:
        self.topic = f"{settings.kafka_topic_prefix}frames"
        self._consumer = Consumer(
            {
                "bootstrap.servers": settings.bootstrap_servers,
                "group.id": "faults",  # required, and never joined
                "isolation.level": "read_committed"
                if committed
                else "read_uncommitted",
                "enable.auto.commit": False,
                "fetch.wait.max.ms": 5,
                "log_level": 0,
            }
        )
        asked = TopicPartition(self.topic, 0)
        bounds = self._consumer.get_watermark_offsets(asked, _KAFKA_WITHIN_S)
        if bounds is None:
            raise TimeoutError(f"no offsets of {self.topic}")
        self._consumer.assign([TopicPartition(self.topic, 0, bounds[1])])

    def close(self) -> None:
        """Let Kafka go."""
        self._consumer.close()

    def poll(self, within_s: float) -> Written | None:
        """Return the next frame, if one comes within that time."""
        deadline = time.monotonic() + within_s
        while True:
            left_s = deadline - time.monotonic()
            message = self._consumer.poll(max(0.0, left_s))
            if message is None:
                return None
            if message.error() is None and (value := message.value()):
                frame = json.loads(value)
                if "seq" in frame:  # a pulse has none
                    room, seq = str(frame["room"]), int(frame["seq"])
                    return Written(message.offset() or 0, room, seq, value)

    def fresh(self, after_seq: int) -> Written:
        """Skip what lies there already; return the first frame of the next trigger.

        Raises:
            TimeoutError: If none comes.
        """
        while (skipped := self.poll(0)) is not None:
            after_seq = max(after_seq, skipped.seq)
        deadline = time.monotonic() + _FRESH_WITHIN_S
        while time.monotonic() < deadline:
            came = self.poll(0.5)
            if came is not None and came.seq > after_seq:
                return came
        raise TimeoutError(f"no frame within {_FRESH_WITHIN_S:.0f} s")
