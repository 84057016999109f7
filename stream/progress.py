"""What Spark says of completed triggers: the watermark, and what went wrong."""

import datetime as dt
import logging
import threading
from collections.abc import Mapping
from typing import Any

from stream import metrics
from stream.windows import NO_BATCH

log = logging.getLogger(__name__)

OPERATORS = ("count", "dedupe")
"""Spark lists stateful operators from the sink up."""


class Progress:
    """Follows the query's reports, each counted once.

    The watermark may be trusted from the second trigger on: in the first one after
    a start nothing is known yet of what the last run had completed.

    Attributes:
        newest: The newest trigger that was completed since the start.
        watermark_ms: That trigger's watermark; 0 if there is none.
    """

    def __init__(self) -> None:
        self.newest = NO_BATCH
        self._lock = threading.Lock()
        self.watermark_ms = 0

    def observe(self, report: Mapping[str, Any] | None) -> None:
        """Take over the newest report, `lastProgress`; None before the first."""
        if report is None:
            return
        with self._lock:  # asked by each trigger, and between them
            self.watermark_ms = _watermark_ms(report)
            is_new = report["batchId"] > self.newest
            if is_new and "addBatch" in report["durationMs"]:
                self.newest = report["batchId"]
                self._count(report)

    def _count(self, report: Mapping[str, Any]) -> None:
        took_s = report["durationMs"]["triggerExecution"] / 1000
        metrics.TRIGGERS.inc()
        metrics.TRIGGER_SECONDS.observe(took_s)
        metrics.LAST_TRIGGER_SECONDS.set(took_s)
        metrics.LAST_TRIGGER.set(_seconds(report["timestamp"]) + took_s)
        metrics.RECORDS.inc(report["numInputRows"])
        for name, operator in zip(OPERATORS, report["stateOperators"], strict=True):
            _count_late(name, operator["numRowsDroppedByWatermark"], self.newest)
        dedupe = report["stateOperators"][1]["customMetrics"]
        metrics.REPEATS.inc(dedupe["numDroppedDuplicateRows"])


def _count_late(operator: str, rows: int, trigger: int) -> None:
    metrics.LATE_ROWS.labels(operator).inc(rows)
    if rows:
        log.error("lost rows=%d operator=%s trigger=%d", rows, operator, trigger)


def _watermark_ms(report: Mapping[str, Any]) -> int:
    text = (report.get("eventTime") or {}).get("watermark")
    return round(_seconds(text) * 1000) if text else 0


def _seconds(text: str) -> float:
    """Return a moment, as Spark writes it, in seconds since the epoch."""
    return dt.datetime.fromisoformat(text).timestamp()
