"""Both apps on one port, as one gunicorn serves them on one machine."""

import clients.web.app
import clients.web.openapi
import clients.web.wsgi
import ingest.openapi
import ingest.wsgi
from compose.settings import Settings
from compose.web.joined import Joined, join_documents


def create() -> Joined:
    """Build both apps and connect them: in each worker, after its fork.

    A server of several workers sets `PROMETHEUS_MULTIPROC_DIR` to an empty folder
    before it imports anything, so that `/metrics` shows all of them.

    Raises:
        BadSetting: If a setting cannot be used.
        Clash: If both apps claim the same.
    """
    settings = Settings.load()
    document = join_documents(ingest.openapi.document(), clients.web.openapi.document())
    intake = ingest.wsgi.connect(settings)
    sources, _ = clients.web.wsgi.connect(settings)
    # Not whether main is there: without it reactions can be stored all the same.
    common = ingest.wsgi.common(settings, document, intake.problem)
    return Joined(
        intake.app(common), clients.web.app.create_app(sources, common), intake.account
    )
