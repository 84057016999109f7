"""The HTTP surface: reactions in, health and metrics out; no knowledge of Kafka."""

from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial
from http import HTTPStatus
from typing import Protocol

from flask import Flask, Response

from ingest import metrics
from ingest.answer import add_refusals, json_answer, refusal_answer
from ingest.batch import Batch
from ingest.guard import Common, current_request
from ingest.hold import HOLD
from ingest.intake import read_batch
from ingest.refusal import Refusal, Refused, Rejection
from mosquitto.topic import MAIN_ROOM


class BatchSink(Protocol):
    """Where accepted batches go."""

    def append(self, batch: Batch) -> "Future[None]":
        """Begin to store `batch`; return what is done once that is certain.

        That takes less than five seconds. It raises `OutcomeUnknown` if the batch may
        be stored and may be not.

        Raises:
            NotStored: If it is certainly not, and will not be.
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
        asked = current_request()
        batch, rejected = read_batch(asked, room)
        accepted = len(batch.reactions)
        stored = sink.append(batch)
        count = partial(_count_accepted, accepted, rejected)
        hold = asked.environ.get(HOLD)
        if hold is None:
            stored.result()
            count(stored)
        else:
            stored.add_done_callback(count)  # counted before it is answered
            hold(stored)
        body = {"accepted": accepted, "rejected": rejected}
        return json_answer(body, HTTPStatus.ACCEPTED)


def _count_accepted(
    accepted: int, rejected: Sequence[Rejection], stored: "Future[None]"
) -> None:
    if stored.exception() is None:
        metrics.REACTIONS_ACCEPTED.inc(accepted)
        _count(rejected)


def _refused(error: Refused) -> Response:
    metrics.REFUSED.labels(error.refusal.label).inc()
    if error.refusal is not Refusal.NOTHING_ACCEPTABLE:
        return refusal_answer(error)
    _count(error.rejected)
    return refusal_answer(error, rejected=error.rejected)


def _count(rejected: Sequence[Rejection]) -> None:
    for rejection in rejected:
        metrics.REACTIONS_REJECTED.labels(rejection.reason).inc()
