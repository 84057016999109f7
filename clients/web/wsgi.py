"""The app for any WSGI server, wired from the settings."""

import atexit
import secrets

from flask import Flask

from clients.link import Address, Link
from clients.web import openapi
from clients.web.app import create_app
from clients.web.board import Board
from clients.web.frames import RoomFrames
from compose.credentials import Credentials
from compose.settings import LOOPBACK, Settings
from ingest.wsgi import common
from mosquitto.acl import WEB
from mosquitto.topic import CONTROL_PULSE

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
    frames = connect(settings)
    return create_app(frames, common(settings, openapi.document(), frames.problem))


def connect(settings: Settings) -> RoomFrames:
    """Begin to listen to main, until the process ends.

    Raises:
        FileNotFoundError: If no system was ever started with these settings.
    """
    password = Credentials.load(settings.state_dir).passwords[WEB]
    # Nobody can guess it, and so nobody can throw this worker off main.
    client_id = f"{WEB}-{secrets.token_hex(8)}"
    main = Address(LOOPBACK, settings.main_port, WEB, password, client_id)
    link = Link(main, (CONTROL_PULSE,), wait_max_s=_RETRY_WAIT_MAX_S)
    # A hung main may cost half of the threads; the rest serve on.
    frames = RoomFrames(link, Board(), waiting_max=max(1, settings.web_threads // 2))
    frames.start()
    atexit.register(frames.close)
    return frames
