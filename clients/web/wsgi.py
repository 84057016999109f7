"""The app for any WSGI server, wired from the settings."""

import atexit
import secrets
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from flask import Flask

from clients.link import Address, Link
from clients.web import openapi
from clients.web.app import Sources, create_app
from clients.web.audience import Audiences
from clients.web.board import Board
from clients.web.clusters import FOLLOWED, Clusters
from clients.web.frames import RoomFrames
from clients.web.ledger import AuditorsLedgers, auditor_client
from clients.web.listener import Listener
from clients.web.operator_key import OperatorKey
from clients.web.pages import Pages
from clients.web.places import Places
from compose.credentials import Credentials
from compose.members import members_now
from compose.settings import LOOPBACK, Settings
from ingest.wsgi import common
from mosquitto.acl import OPERATOR, WEB
from mosquitto.topic import CONTROL_PULSE

BUILT = Path(__file__).parent / "built"
"""Where `make setup` puts the pages; an install may do without."""

_RETRY_WAIT_MAX_S = 2.0
"""There are few of us: main is found again soon, and not trampled on."""


def create() -> Flask:
    """Build the app and connect it to main: in each worker, after its fork.

    A server of several workers sets `PROMETHEUS_MULTIPROC_DIR` to an empty folder
    before it imports anything, so that `/metrics` shows all of them.

    Raises:
        BadSetting: If a setting cannot be used.
        FileNotFoundError: If no system was ever started with these settings.
    """
    settings = Settings.load()
    sources, problem = connect(settings)
    return create_app(sources, common(settings, openapi.document(), problem))


def connect(settings: Settings) -> tuple[Sources, Callable[[], str | None]]:
    """Begin to listen to main, until the process ends.

    Returns:
        What the app answers from, and what says why nothing can be read, None if main
        is there.

    Raises:
        FileNotFoundError: If no system was ever started with these settings.
    """
    passwords = Credentials.load(settings.state_dir).passwords
    # Nobody can guess it, and so nobody can throw this worker off main.
    client_id = f"{WEB}-{secrets.token_hex(8)}"
    host, port = settings.main_host, settings.main_port
    main = Address(host, port, WEB, passwords[WEB], client_id)
    link = Link(main, (CONTROL_PULSE, *FOLLOWED), wait_max_s=_RETRY_WAIT_MAX_S)
    changed = threading.Condition()
    # A hung main may cost half of the threads; the rest serve on.
    waiting_max = max(1, settings.web_threads // 2)
    frames = RoomFrames(link, Board(), changed, waiting_max=waiting_max)
    clusters = Clusters()
    places = Places(clusters, changed)
    audiences = Audiences(clusters, changed)
    listener = Listener(link, (frames, places), changed)
    listener.start()
    atexit.register(listener.close)
    operator_key = OperatorKey(passwords.get(OPERATOR, ""))
    listing = partial(members_now, settings)
    ledgers = AuditorsLedgers(
        auditor_client(settings.auditor_url),
        waiting_max=max(1, settings.web_threads // 4),
    )
    pages = Pages.load(BUILT, _socket_hosts(settings))
    sources = Sources(
        frames, places, listing, operator_key, ledgers, audiences.of, pages
    )
    return sources, frames.problem


def _socket_hosts(settings: Settings) -> list[str]:
    """Return where a page may have to connect to, whatever it was opened by."""
    hosts = (settings.public_host, settings.cluster_host, LOOPBACK, "localhost")
    return [*dict.fromkeys(filter(None, hosts))]
