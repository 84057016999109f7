"""What the pages of other sites may do here from a browser: react, register, read.

In one place for all apps of a server, to be looked over: the host's, the operator's
and the ledger's paths are not among it.
"""

import re
from collections.abc import Sequence
from http import HTTPStatus

from flask import Flask, Response, request
from flask_cors import CORS

ANY_ORIGIN = "*"

PREFLIGHT_S = 600
"""How long a browser need not ask again whether it may."""

_POSTED = re.compile(r"/v1/(reactions|rooms/[^/]+/reactions|clients)\Z")
_READ = re.compile(r"/v1/rooms/[^/]+/(frame|state|audience)\Z|/livez\Z")

_ASKED_METHOD = "Access-Control-Request-Method"
_SENT = ["Content-Type", "Idempotency-Key", "If-None-Match"]
_SHOWN = ["ETag", "Retry-After"]


def allow(app: Flask, origins: Sequence[str]) -> None:
    """Let the pages of these origins call the app, without credentials.

    Args:
        app: It answers no OPTIONS by itself; a preflight is answered ahead of it.
        origins: As browsers say them, or `ANY_ORIGIN` alone.
    """
    CORS(
        app,
        # Not the GET of the clients: it needs a header that is not among those sent.
        resources={
            _POSTED: {"methods": ["POST"]},
            _READ: {"methods": ["GET", "HEAD"]},
        },
        origins=list(origins),
        allow_headers=_SENT,
        expose_headers=_SHOWN,
        max_age=PREFLIGHT_S,
        send_wildcard=ANY_ORIGIN in origins,
        always_send=False,
        vary_header=False,  # it would leave that out where there is one origin
    )
    app.before_request(_answer_preflight)
    app.after_request(_vary)


def _answer_preflight() -> Response | None:
    """Answer what a browser asks ahead of a request; the headers are Flask-CORS's."""
    asks = "Origin" in request.headers and _ASKED_METHOD in request.headers
    is_open = _POSTED.match(request.path) or _READ.match(request.path)
    if request.method == "OPTIONS" and asks and is_open:
        return Response(status=HTTPStatus.NO_CONTENT)
    return None


def _vary(answer: Response) -> Response:
    """Tell caches that the answer to one site is not that to another."""
    answer.vary.add("Origin")
    return answer
