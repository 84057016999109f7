"""What both Flask apps say alike: JSON, refusals, and how they are."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from flask import Flask, Response
from prometheus_client import CONTENT_TYPE_LATEST
from werkzeug.exceptions import HTTPException

from ingest.health import Readiness
from ingest.refusal import Label, Refused

PROBES = ("/livez", "/readyz")

METRICS = "/metrics"

OPERATIONS = (*PROBES, METRICS, "/openapi.json")
"""What every app answers about itself."""

Document = Mapping[str, Any]
"""An OpenAPI document."""


def json_answer(body: Mapping[str, object], status: int = HTTPStatus.OK) -> Response:
    """Return an answer in JSON."""
    encoded = msgspec.json.encode(body)
    return Response(encoded, status, content_type="application/json")


def refusal_answer(error: Refused, **more: object) -> Response:
    """Return the answer that names a refusal's label and helps in one sentence."""
    answer = json_answer({**error.body, **more}, error.refusal.status)
    answer.headers.update(error.headers)
    return answer


def add_operations(
    app: Flask,
    readiness: Readiness,
    exposition: Callable[[], bytes],
    document: Document,
) -> None:
    """Serve what operators and tools ask of every app."""

    @app.get("/livez")
    def live() -> Response:
        return json_answer({"live": True})

    @app.get("/readyz")
    def ready() -> Response:
        readiness.check()
        return json_answer({"ready": True})

    @app.get(METRICS)
    def show_metrics() -> Response:
        return Response(exposition(), content_type=CONTENT_TYPE_LATEST)

    @app.get("/openapi.json")
    def describe() -> Response:
        return json_answer(document)


def add_refusals(
    app: Flask, refuse: Callable[[Refused], Response], labels: type[Label]
) -> None:
    """Answer every error in the one form that refusals have.

    Args:
        app: Whose errors.
        refuse: Counts a refusal and returns its answer.
        labels: The app's own; what Flask says is said in those named NOT_FOUND,
            METHOD_NOT_ALLOWED, INTERNAL and, for all else, BAD_REQUEST.
    """
    by_status = {
        HTTPStatus.NOT_FOUND: labels["NOT_FOUND"],
        HTTPStatus.METHOD_NOT_ALLOWED: labels["METHOD_NOT_ALLOWED"],
        HTTPStatus.INTERNAL_SERVER_ERROR: labels["INTERNAL"],
    }

    @app.errorhandler(Refused)
    def answer(error: Refused) -> Response:
        return refuse(error)

    @app.errorhandler(HTTPException)
    def translate(error: HTTPException) -> Response:
        """Say what Flask says in our words; it has logged what was no refusal."""
        status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
        answer = refuse(Refused(by_status.get(status, labels["BAD_REQUEST"])))
        for name, value in error.get_headers():
            answer.headers.setdefault(name, value)  # `Allow`
        return answer
