"""The HTTP surface: reactions in, health and metrics out; no knowledge of Kafka."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Protocol

from flask import Flask, Response

from ingest import metrics
from ingest.answer import add_refusals, json_answer, refusal_answer
from ingest.batch import Batch
from ingest.guard import Common, current_request
from ingest.intake import read_batch
from ingest.refusal import Refusal, Refused, Rejection
from mosquitto.topic import MAIN_ROOM


class BatchSink(Protocol):
    """Where accepted batches go."""

    def append(self, batch: Batch) -> None:
        """Return once `batch` is stored, within five seconds.

        Raises:
            NotStored: If it is certainly not.
            OutcomeUnknown: If it may be.
        """
        ...


def create_app(sink: BatchSink, common: Common) -> Flask:
    """Build the app; importing this module starts nothing.

    Args:
        sink: Stores what was accepted.
        common: What it shares with the other apps of its server.
    """
    app = common.new_app("ingest")
    _add_reactions(app, sink)
    add_refusals(app, _refused, Refusal)
    return app


def _add_reactions(app: Flask, sink: BatchSink) -> None:
    @app.post("/v1/reactions")
    @app.post("/v1/rooms/<room>/reactions")
    def accept(room: str = MAIN_ROOM) -> Response:
        batch, rejected = read_batch(current_request(), room)
        sink.append(batch)
        return _accepted(batch, rejected)


def _accepted(batch: Batch, rejected: Sequence[Rejection]) -> Response:
    metrics.REACTIONS_ACCEPTED.inc(len(batch.reactions))
    _count(rejected)
    body = {"accepted": len(batch.reactions), "rejected": rejected}
    return json_answer(body, HTTPStatus.ACCEPTED)


def _refused(error: Refused) -> Response:
    metrics.REFUSED.labels(error.refusal.label).inc()
    if error.refusal is not Refusal.NOTHING_ACCEPTABLE:
        return refusal_answer(error)
    _count(error.rejected)
    return refusal_answer(error, rejected=error.rejected)


def _count(rejected: Sequence[Rejection]) -> None:
    for rejection in rejected:
        metrics.REACTIONS_REJECTED.labels(rejection.reason).inc()
