"""What the auditor answers over HTTP: the ledger, its metrics, whether it is ready."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from stream.auditor import metrics
from stream.auditor.reader import Reader

log = logging.getLogger(__name__)

MINUTES = 60
MINUTES_MAX = 1440

_JSON = "application/json"
_ROOM = "/ledger/"
_REQUEST_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Sources:
    """What is answered from.

    Attributes:
        reader: Reads the books.
        is_ready: Whether all that lay in the logs at the start is in the books.
        heard_age_s: How long ago a broker was heard; None if never.
    """

    reader: Reader
    is_ready: Callable[[], bool]
    heard_age_s: Callable[[], float | None]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer."""

    status: HTTPStatus
    body: bytes
    kind: str = _JSON


def answer(path: str, sources: Sources) -> Answer:
    """Answer a GET."""
    asked = urlsplit(path)
    if asked.path == "/metrics":
        observe(sources)
        return Answer(HTTPStatus.OK, generate_latest(), CONTENT_TYPE_LATEST)
    if asked.path == "/readyz":
        ready = sources.is_ready()
        status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
        return Answer(status, msgspec.json.encode({"ready": ready}))
    if asked.path == "/ledger":
        return Answer(HTTPStatus.OK, msgspec.json.encode(sources.reader.overview()))
    if asked.path.startswith(_ROOM):
        return _room(unquote(asked.path.removeprefix(_ROOM)), asked.query, sources)
    return _error(HTTPStatus.NOT_FOUND, "not_found")


def observe(sources: Sources) -> None:
    """Bring the metrics up to date that are read from the books."""
    health = sources.reader.health()
    metrics.ROOMS.set(health.rooms)
    metrics.ROOMS_WRONG.set(len(health.wrong))
    metrics.DIFFERENCE.set(sum(one.size for one in health.wrong))
    metrics.GAPS.set(health.gaps)
    metrics.WORKERS_LOST.set(health.workers_lost)
    metrics.BEHIND.set(max(0.0, time.time() - health.as_of_ms / 1000))
    age_s = sources.heard_age_s()
    metrics.PUBLISHED_AGE.set(-1 if age_s is None else age_s)


def serve(port: int, host: str, sources: Sources) -> ThreadingHTTPServer:
    """Begin to answer, in threads of its own; returns at once.

    Raises:
        OSError: If the port is taken.
    """

    class _Handler(BaseHTTPRequestHandler):
        timeout = _REQUEST_WITHIN_S

        def do_GET(self) -> None:
            try:
                found = answer(self.path, sources)
            except Exception:
                log.exception("no answer path=%r", self.path)
                found = _error(HTTPStatus.INTERNAL_SERVER_ERROR, "internal")
            self.send_response(found.status)
            self.send_header("Content-Type", found.kind)
            self.send_header("Content-Length", str(len(found.body)))
            self.end_headers()
            self.wfile.write(found.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing: there is a request a second."""

    server = ThreadingHTTPServer((host, port), _Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="http", daemon=True).start()
    return server


def _room(room: str, query: str, sources: Sources) -> Answer:
    asked = parse_qs(query).get("minutes", [str(MINUTES)])[-1]
    if not asked.isdecimal() or not 1 <= int(asked) <= MINUTES_MAX:
        return _error(HTTPStatus.BAD_REQUEST, "bad_minutes")
    found = sources.reader.room(room, int(asked))
    if found is None:
        return _error(HTTPStatus.NOT_FOUND, "no_ledger")
    return Answer(HTTPStatus.OK, msgspec.json.encode(found))


def _error(status: HTTPStatus, label: str) -> Answer:
    return Answer(status, msgspec.json.encode({"error": label}))
