"""Both apps on one port, as one gunicorn serves them on one machine."""

from flask import Flask

import clients.web.app
import clients.web.openapi
import clients.web.wsgi
import ingest.openapi
import ingest.wsgi
from compose.settings import Settings
from compose.web.joined import Counted, Joined, join_documents
from ingest.answer import Document


def create() -> Joined:
    """Build both apps and connect them: in each worker, after its fork.

    A server of several workers sets `PROMETHEUS_MULTIPROC_DIR` to an empty folder
    before it imports anything, so that `/metrics` shows all of them.

    Raises:
        BadSetting: If a setting cannot be used.
        Clash: If both apps claim the same.
    """
    settings = Settings.load()
    intake = ingest.wsgi.connect(settings)
    sources, _ = clients.web.wsgi.connect(settings)
    # Not whether main is there: without it reactions can be stored all the same.
    common = ingest.wsgi.common(settings, document(), intake.problem)
    return Joined(
        intake.app(common), clients.web.app.create_app(sources, common), intake.account
    )


def create_ingest() -> Counted:
    """Build the app that takes reactions: one of two servers behind a proxy."""
    settings = Settings.load()
    intake = ingest.wsgi.connect(settings)
    common = ingest.wsgi.common(settings, document(), intake.problem)
    return Counted(intake.app(common), intake.account)


def create_web() -> Flask:
    """Build the app that shows and registers: the other server."""
    settings = Settings.load()
    sources, problem = clients.web.wsgi.connect(settings)
    common = ingest.wsgi.common(settings, document(), problem)
    return clients.web.app.create_app(sources, common)


def document() -> Document:
    """Return the OpenAPI document of both apps.

    Raises:
        Clash: If they do not fit together.
    """
    return join_documents(ingest.openapi.document(), clients.web.openapi.document())
