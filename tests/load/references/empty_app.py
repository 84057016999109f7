"""What Flask and gunicorn cost without any work of ours: a route that does nothing.

`python -m tests.load.references.empty_app` serves it as `compose.web.server` serves
ours: the same gunicorn, worker class, threads and pinning.
"""

from flask import Flask, Response

from compose.web.server import main

STATUS = 202


def create() -> Flask:
    """Build an app that takes what ours takes, and answers at once."""
    app = Flask("empty", static_folder=None)

    @app.post("/v1/rooms/<room>/reactions")
    def accept(room: str) -> Response:
        del room
        return Response(status=STATUS)

    return app


if __name__ == "__main__":
    main("tests.load.references.empty_app:create()")
