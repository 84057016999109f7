"""What a team would write first: Flask, and an INSERT for each reaction.

Four gunicorn workers, each with a connection to a PostgreSQL on the same machine, over
its Unix socket; see `naive_app` for the app. It only stores: nothing is counted there
and nobody is told, while the product's figures include both. PostgreSQL waits for its
disk at each commit, which costs it rate, and hardly CPU time: compare per core-second.
"""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import psycopg

from tests.integration.processes import free_port
from tests.load.closed_loop import LOOPBACK, Loop, LoopRun, drive, post
from tests.load.measured import Failed, ReferenceRun
from tests.load.references import samples
from tests.load.references.naive_app import TABLE
from tests.load.references.postgres import own_postgres
from tests.load.references.web_server import web_server

PER_POST = 100
CONNECTIONS = 16
WORKERS = 4
"""Twice the cores of two: while one waits for a commit, another works."""

_ACCEPTED = 202
_WARMUP_S = 1.0
_APP = "tests.load.references.naive_app:create()"


class RowsMissing(Failed):
    """PostgreSQL holds fewer reactions than were accepted."""


class NaiveRows:
    """Flask with one INSERT per reaction into PostgreSQL."""

    name = "flask-insert"
    title = "Flask with one INSERT per reaction into PostgreSQL"
    unit = "reaction"
    beside_system = False

    def __init__(self, folder: Path) -> None:
        """Let its log be written into `folder`."""
        self._log = folder / "flask-insert.log"
        self._port = free_port()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Start PostgreSQL, make the table, and start the app."""
        with ExitStack() as stack:
            database = stack.enter_context(own_postgres())
            with psycopg.connect(database.url) as connection:
                connection.execute(TABLE)
            variables = {"DATABASE_URL": database.url}
            server = web_server(_command(self._port), self._port, self._log, variables)
            web = stack.enter_context(server)
            self._url = database.url
            self._servers = {"web": web, "postgresql": database.pid}
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """End both; what was stored is deleted."""
        self._stack.close()

    def measure(self, seconds: float) -> ReferenceRun:
        """Post single reactions for a third of the time, then a hundred at once."""
        before = self._rows()
        single = self._turn(1, seconds / 3)
        many = self._turn(PER_POST, seconds * 2 / 3)
        stored = self._rows() - before
        per_s = many.per_s * PER_POST
        if stored < (accepted := per_s * many.measured_s):
            raise RowsMissing(f"{stored} rows, {accepted:.0f} accepted")
        return ReferenceRun(
            name=self.name,
            unit=self.unit,
            rate_per_s=per_s,
            cpu_cores=many.server_cores,
            per_core_s=per_s / many.server_cores,
            details={
                "reactions_per_post": PER_POST,
                "web_cores": many.cores["web"],
                "postgresql_cores": many.cores["postgresql"],
                "p50_ms": many.p50_ms,
                "p99_ms": many.p99_ms,
                "single_per_s": single.per_s,
                "single_per_core_s": single.per_s / single.server_cores,
            },
        )

    def _turn(self, count: int, seconds: float) -> LoopRun:
        request = post(f"/v1/rooms/{samples.ROOM}/reactions", samples.body(count))
        loop = Loop(
            port=self._port,
            requests=[request],
            connections=CONNECTIONS,
            seconds=seconds,
            warmup_s=_WARMUP_S,
            servers=self._servers,
        )
        return drive(loop).only(_ACCEPTED)

    def _rows(self) -> int:
        with psycopg.connect(self._url) as connection:
            row = connection.execute("SELECT count(*) FROM reactions").fetchone()
        return int(row[0]) if row else 0


def _command(port: int) -> list[str]:
    return [
        *(sys.executable, "-m", "gunicorn", "--bind", f"{LOOPBACK}:{port}"),
        # One thread: each worker has one connection to the database.
        *("--workers", str(WORKERS), "--worker-class", "gthread", "--threads", "1"),
        *("--keep-alive", "15", "--log-level", "warning", _APP),
    ]
