"""A query that is started again when it has ended; needs neither Spark nor Kafka.

Should the second query end, the first goes on.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from stream import metrics
from stream.reject import Reason

log = logging.getLogger(__name__)

OBSERVED = "reasons"
"""What a report calls its metrics: records by `Reason`."""

_LOOK_EVERY_S = 1.0
_WAIT_S = 1.0
_WAIT_MAX_S = 60.0
_END_WITHIN_S = 2.0
_ASK_EVERY_S = 0.05


class NotStarted(Exception):
    """Spark refused to start the query; later it may not."""


class Query(Protocol):
    """What is used of Spark's `StreamingQuery`."""

    @property
    def isActive(self) -> bool:  # noqa: N802 - Spark's name
        """Whether it runs."""
        ...

    @property
    def status(self) -> Mapping[str, Any]:
        """Whether `isTriggerActive`."""
        ...

    @property
    def recentProgress(self) -> Sequence[Mapping[str, Any]]:  # noqa: N802 - as above
        """The last reports, of triggers and of having nothing to do."""
        ...

    def exception(self) -> Exception | None:
        """Return why it ended."""
        ...

    def stop(self) -> None:
        """End it, in the middle of a trigger if need be."""
        ...


class Restarting:
    """Starts a query, counts what it finds, and starts it again when it has ended.

    Asked again and again by who runs the first query; no thread of its own.
    """

    def __init__(
        self, start: Callable[[], Query], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin with the first `look`.

        Args:
            start: Raises `NotStarted` if it cannot.
            clock: In seconds.
        """
        self._start, self._clock = start, clock
        self._query: Query | None = None
        self._counted = -1
        self._due_s = clock()
        self._wait_s = _WAIT_S
        for reason in Reason:  # so that a first one is seen to be more than none
            metrics.REJECTS.labels(reason)

    def look(self) -> None:
        """See whether it runs, once a second; a failure is logged, never raised."""
        now_s = self._clock()
        if now_s < self._due_s:
            return
        self._due_s = now_s + _LOOK_EVERY_S
        try:
            if self._query is None:
                self._query, self._counted = self._start(), -1
        except NotStarted as error:
            self._try_later(str(error))
            return
        self._count(self._query)
        if not self._query.isActive:
            self._try_later(str(self._query.exception()))
            self._query = None
        else:
            metrics.REJECTS_AWAY.set(0)

    def stop(self) -> None:
        """End the query between two triggers, if the running one ends soon."""
        query, deadline_s = self._query, self._clock() + _END_WITHIN_S
        if query is None:
            return
        while query.isActive and query.status["isTriggerActive"]:
            if self._clock() > deadline_s:
                return  # ends with the session, and is repeated
            time.sleep(_ASK_EVERY_S)
        self._count(query)
        query.stop()

    def _count(self, query: Query) -> None:
        for report in query.recentProgress:
            found = report["observedMetrics"].get(OBSERVED)
            if found is None or report["batchId"] <= self._counted:
                continue
            self._counted, self._wait_s = report["batchId"], _WAIT_S
            for reason in Reason:
                metrics.REJECTS.labels(reason).inc(found[reason])

    def _try_later(self, why: str) -> None:
        metrics.REJECTS_FAILURES.inc()
        metrics.REJECTS_AWAY.set(1)
        log.error(
            "rejects are not looked for reason=%r again_in_s=%.0f",
            why.partition("\n")[0],
            self._wait_s,
        )
        self._due_s = self._clock() + self._wait_s
        self._wait_s = min(2 * self._wait_s, _WAIT_MAX_S)
