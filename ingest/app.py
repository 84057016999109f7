"""The HTTP surface: reactions in, health and metrics out; no knowledge of Kafka."""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Protocol

import msgspec
from flask import Flask, Response, request
from prometheus_client import CONTENT_TYPE_LATEST
from werkzeug.exceptions import HTTPException

from ingest import metrics
from ingest.batch import Batch
from ingest.health import Readiness
from ingest.intake import BODY_MAX_BYTES, read_batch
from ingest.refusal import Refusal, Refused, Rejection
from mosquitto.topic import MAIN_ROOM

RETRY_AFTER_S = 1

_BY_STATUS = {
    HTTPStatus.NOT_FOUND: Refusal.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED: Refusal.METHOD_NOT_ALLOWED,
    HTTPStatus.INTERNAL_SERVER_ERROR: Refusal.INTERNAL,
}


class BatchSink(Protocol):
    """Where accepted batches go."""

    def append(self, batch: Batch) -> None:
        """Return once `batch` is stored, within five seconds.

        Raises:
            NotStored: If it is certainly not.
            OutcomeUnknown: If it may be.
        """
        ...


def create_app(
    sink: BatchSink, readiness: Readiness, exposition: Callable[[], bytes]
) -> Flask:
    """Build the app; importing this module starts nothing.

    Args:
        sink: Stores what was accepted.
        readiness: Answers for `/readyz`.
        exposition: Returns what `/metrics` shows.
    """
    app = Flask("ingest", static_folder=None)
    app.url_map.merge_slashes = False  # a POST is answered, not sent elsewhere
    app.before_request(_take_body)
    _add_reactions(app, sink)
    _add_operations(app, readiness, exposition)
    _add_refusals(app)
    return app


def _take_body() -> None:
    """Take the body off the connection, whatever the answer will be.

    What a refusal leaves unread, gunicorn reads away in large pieces, the next
    request of the connection with it. Who sends more than a body may have, or does
    not say how much, loses the connection instead (`compose.web`).
    """
    length = request.content_length
    if length is not None and length <= BODY_MAX_BYTES:
        request.get_data()


def _add_reactions(app: Flask, sink: BatchSink) -> None:
    @app.post("/v1/reactions")
    @app.post("/v1/rooms/<room>/reactions")
    def accept(room: str = MAIN_ROOM) -> Response:
        batch, rejected = read_batch(request, room)
        sink.append(batch)
        return _accepted(batch, rejected)


def _add_operations(
    app: Flask, readiness: Readiness, exposition: Callable[[], bytes]
) -> None:
    @app.get("/livez")
    def live() -> Response:
        return _json({"live": True})

    @app.get("/readyz")
    def ready() -> Response:
        readiness.check()
        return _json({"ready": True})

    @app.get("/metrics")
    def show_metrics() -> Response:
        return Response(exposition(), content_type=CONTENT_TYPE_LATEST)


def _add_refusals(app: Flask) -> None:
    @app.errorhandler(Refused)
    def refuse(error: Refused) -> Response:
        return _refused(error)

    @app.errorhandler(HTTPException)
    def translate(error: HTTPException) -> Response:
        """Say what Flask says in our words; it has logged what was no refusal."""
        refusal = _BY_STATUS.get(HTTPStatus(error.code or 500), Refusal.BAD_REQUEST)
        answer = _refused(Refused(refusal))
        for name, value in error.get_headers():
            answer.headers.setdefault(name, value)  # `Allow`
        return answer


def _accepted(batch: Batch, rejected: Sequence[Rejection]) -> Response:
    metrics.REACTIONS_ACCEPTED.inc(len(batch.reactions))
    _count(rejected)
    body = {"accepted": len(batch.reactions), "rejected": rejected}
    return _json(body, HTTPStatus.ACCEPTED)


def _refused(error: Refused) -> Response:
    refusal = error.refusal
    metrics.REFUSED.labels(refusal.label).inc()
    body: dict[str, object] = {"error": refusal.label, "help": error.help}
    if refusal is Refusal.NOTHING_ACCEPTABLE:
        _count(error.rejected)
        body["rejected"] = error.rejected
    answer = _json(body, refusal.status)
    if refusal.status == HTTPStatus.SERVICE_UNAVAILABLE:
        answer.headers["Retry-After"] = str(RETRY_AFTER_S)
    return answer


def _count(rejected: Sequence[Rejection]) -> None:
    for rejection in rejected:
        metrics.REACTIONS_REJECTED.labels(rejection.reason).inc()


def _json(body: Mapping[str, object], status: int = HTTPStatus.OK) -> Response:
    encoded = msgspec.json.encode(body)
    return Response(encoded, status, content_type="application/json")
