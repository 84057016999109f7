"""What the apps of one server share, and what each request goes through first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask import Flask, Request, request
from werkzeug.exceptions import NotFound
from werkzeug.middleware.proxy_fix import ProxyFix

from ingest import cors
from ingest.answer import METRICS, PROBES, Document, add_operations
from ingest.health import Readiness
from ingest.intake import BODY_MAX_BYTES
from ingest.limits import AddressLimits


@dataclass(frozen=True, slots=True)
class Common:
    """What an app has beside its own business.

    Attributes:
        readiness: Answers for `/readyz`.
        exposition: Returns what `/metrics` shows.
        document: What `/openapi.json` shows.
        limits: What one client address may ask.
        proxies: How many in front of us are trusted to add the address of who sent
            them a request to `X-Forwarded-For`.
        origins: Of the sites whose pages may call it; none, if only its own may.
        public_address: Where it listens for a network, empty if nowhere: what only
            its operator looks at is not shown there.
    """

    readiness: Readiness
    exposition: Callable[[], bytes]
    document: Document
    limits: AddressLimits
    proxies: int = 0
    origins: Sequence[str] = ()
    public_address: str = ""

    def new_app(self, name: str) -> Flask:
        """Return an app that has its guards and operations, and no business yet."""
        app = Flask(name, static_folder=None)
        # It would be the one answer in HTML.
        app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
        app.url_map.merge_slashes = False  # a request is answered, not sent elsewhere
        if self.proxies:
            app.wsgi_app = ProxyFix(app.wsgi_app, x_for=self.proxies, x_proto=0)  # type: ignore[method-assign]  # as Flask says to
        app.before_request(self._admit)
        if self.public_address:
            app.before_request(self._hide)
        if self.origins:
            cors.allow(app, self.origins)
        add_operations(app, self.readiness, self.exposition, self.document)
        return app

    def _admit(self) -> None:
        """Refuse who asks too much, but never hide whether the process lives."""
        asked = current_request()
        if asked.path not in PROBES:
            self.limits.take(asked.remote_addr or "")
        _take_body(asked)

    def _hide(self) -> None:
        """Show operators' figures to no network, whoever asks from there."""
        asked = current_request()
        # What gunicorn calls so is the address that was connected to.
        came_to = asked.environ["SERVER_NAME"]
        if asked.path == METRICS and came_to == self.public_address:
            raise NotFound


def current_request() -> Request:
    """Return the request of this thread; through Flask's proxy each look costs 2 µs."""
    current: Request = request._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - so named, and public
    return current


def _take_body(asked: Request) -> None:
    """Take the body off the connection, whatever the answer will be.

    What a refusal leaves unread, gunicorn reads away in large pieces, the next
    request of the connection with it. Who sends more than a body may have, or does
    not say how much, loses the connection instead (`compose.web.worker`).
    """
    length = asked.content_length
    if length is not None and length <= BODY_MAX_BYTES:
        asked.get_data()
