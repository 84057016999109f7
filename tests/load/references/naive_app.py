"""What a team would write first: each reaction is a row in PostgreSQL.

An ordinary Flask app with psycopg: a connection per worker, parameters and not string
formatting, one INSERT per reaction, one commit per POST. The table has a primary key
and no other index. `DATABASE_URL` says where it is.
"""

import os

import psycopg
from flask import Flask, Response, request

TABLE = """
CREATE TABLE reactions (
    id bigserial PRIMARY KEY,
    room text NOT NULL,
    user_id text NOT NULL,
    emoji_type text NOT NULL,
    sent_at_ms bigint NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now()
)
"""

_INSERT = (
    "INSERT INTO reactions (room, user_id, emoji_type, sent_at_ms)"
    " VALUES (%s, %s, %s, %s)"
)


def create() -> Flask:
    """Build the app, with a connection of its own."""
    app = Flask("naive", static_folder=None)
    connection = psycopg.connect(os.environ["DATABASE_URL"])

    @app.post("/v1/rooms/<room>/reactions")
    def accept(room: str) -> Response:
        posted = request.get_json()
        reactions = posted if isinstance(posted, list) else [posted]
        with connection.transaction():
            for reaction in reactions:
                values = (reaction["user_id"], reaction["emoji_type"])
                connection.execute(_INSERT, (room, *values, reaction["timestamp"]))
        return Response(status=202)

    return app
