"""Whether Kafka is known to be away, said once in the log and not per request."""

import logging
import threading
import time

from ingest import metrics

log = logging.getLogger(__name__)


class KafkaLink:
    """Lost by whoever notices, restored by who found Kafka again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lost_at_s: float | None = None

    @property
    def is_away(self) -> bool:
        """Whether handing a record to the producer would be in vain."""
        return self._lost_at_s is not None

    def lose(self, reason: str) -> None:
        """Note that Kafka does not answer."""
        with self._lock:
            if self._lost_at_s is not None:
                return
            self._lost_at_s = time.monotonic()
            metrics.KAFKA_AWAY.set(1)
        log.error("Kafka lost reason=%r", reason)

    def restore(self) -> None:
        """Note that Kafka answers."""
        with self._lock:
            if self._lost_at_s is None:
                return
            away_s = time.monotonic() - self._lost_at_s
            self._lost_at_s = None
            metrics.KAFKA_AWAY.set(0)
        log.warning("Kafka back away_s=%.1f", away_s)
