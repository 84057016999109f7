"""Where the logs in Kafka begin and end, and what they are."""

import logging
from collections.abc import Iterable, Mapping

from confluent_kafka import (
    IsolationLevel,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec

from stream.auditor.source import Away, Place

log = logging.getLogger(__name__)

ASK_WITHIN_S = 10.0

_EARLIEST: OffsetSpec = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
_LATEST: OffsetSpec = OffsetSpec.latest()  # type: ignore[no-untyped-call]


class KafkaBounds:
    """Asks Kafka; every question may raise `Away`.

    A connection of its own: behind a consumer's, a question waits for new records.

    Args:
        servers: Kafka's addresses.
        topics: The topic of each `Kind`.
    """

    def __init__(self, servers: str, topics: Mapping[str, str]) -> None:
        self._topics = {**topics}
        self._kinds = {topic: kind for kind, topic in topics.items()}
        self._config: dict[str, str | int | float | bool] = {
            "bootstrap.servers": servers,
            "log_level": 0,
        }
        self._admin = AdminClient(self._config, logger=log)

    def ids(self) -> dict[str, str]:
        """Return what tells each topic from another made later under its name."""
        asked = TopicCollection([*self._kinds])
        try:
            found = self._admin.describe_topics(asked, request_timeout=ASK_WITHIN_S)
            return {
                self._kinds[topic]: str(answer.result(ASK_WITHIN_S).topic_id)
                for topic, answer in found.items()
            }
        except (KafkaException, TimeoutError) as error:
            raise Away(str(error)) from error

    def partitions(self) -> set[Place]:
        """Return every partition."""
        try:
            known = self._admin.list_topics(timeout=ASK_WITHIN_S).topics
        except KafkaException as error:
            raise Away(str(error)) from error
        if missing := self._kinds.keys() - known.keys():
            raise Away(f"no topics {', '.join(sorted(missing))}")
        return {
            (kind, partition)
            for kind, topic in self._topics.items()
            for partition in known[topic].partitions
        }

    def starts(self) -> dict[Place, int]:
        """Return the first offset kept of each partition."""
        return self._offsets(self.partitions(), _EARLIEST)

    def ends(
        self, places: Iterable[Place] | None = None, *, within_s: float = ASK_WITHIN_S
    ) -> dict[Place, int]:
        """Return the next offset to be written of these partitions, or of each."""
        return self._offsets(places or self.partitions(), _LATEST, within_s)

    def offsets_at(self, time_ms: int) -> dict[Place, int]:
        """Return where each partition's records from a moment on begin."""
        ends = self.ends()  # first: what comes meanwhile must not be left out
        found = self._offsets(ends, OffsetSpec.for_timestamp(time_ms))
        return {p: offset if offset >= 0 else ends[p] for p, offset in found.items()}

    def _offsets(
        self,
        places: Iterable[Place],
        which: OffsetSpec,
        within_s: float = ASK_WITHIN_S,
    ) -> dict[Place, int]:
        asked = {
            TopicPartition(self._topics[kind], partition): which
            for kind, partition in places
        }
        try:
            answers = self._admin.list_offsets(
                asked,
                isolation_level=IsolationLevel.READ_COMMITTED,
                request_timeout=within_s,
            )
            return {
                (self._kinds[at.topic], at.partition): answer.result().offset
                for at, answer in answers.items()
            }
        except KafkaException as error:
            # It would ask with the leaders' epochs of before for ever, and be refused.
            self._admin = AdminClient(self._config, logger=log)
            raise Away(str(error)) from error
