"""A PostgreSQL of a reference's own: a new cluster in a temporary folder.

It listens on a Unix socket in that folder and on no port; no other PostgreSQL of this
machine is looked at or touched. Its configuration is what `initdb` writes.
"""

import os
import pwd
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psycopg

from compose.setup.postgresql import find_postgresql
from tests.integration.processes import wait_until
from tests.load.child import ChildFailed
from tests.load.measured import Absent

_SYSTEM_USER = "postgres"
"""Whom it runs as where we are root, whom PostgreSQL refuses."""

_ROLE = "bench"
_START_WITHIN_S = 30
_STOP_WITHIN_S = 30


@dataclass(frozen=True, slots=True)
class Postgres:
    """A cluster that runs."""

    pid: int
    """Of the server; its backends are its children."""

    url: str
    """What `psycopg.connect` takes."""


@dataclass(frozen=True, slots=True)
class _Account:
    """Whom PostgreSQL's programs run as."""

    uid: int
    gid: int

    @classmethod
    def usable(cls) -> Self:
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid())
        try:
            entry = pwd.getpwnam(_SYSTEM_USER)
        except KeyError:
            raise Absent(f"PostgreSQL needs a user {_SYSTEM_USER}") from None
        return cls(entry.pw_uid, entry.pw_gid)

    def become(self) -> dict[str, Any]:
        """Return what makes `Popen` start a program as this user."""
        if os.geteuid() != 0:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


@contextmanager
def own_postgres() -> Iterator[Postgres]:
    """Make a cluster, run it until the block ends, and delete it.

    Raises:
        Absent: If PostgreSQL is not installed, or may not run here.
        ChildFailed: If it did not start; the text is its log.
    """
    programs, account = find_postgresql(), _Account.usable()
    if programs is None:
        raise Absent("PostgreSQL is not installed; `make bench` installs it")
    # Not in a folder of the caller's, which another user could not enter.
    with tempfile.TemporaryDirectory(prefix="emostream-pg-") as name:
        folder = Path(name)
        os.chown(folder, account.uid, account.gid)
        _make(programs, account, folder)
        with _running(programs, account, folder) as server:
            yield server


def _make(programs: Path, account: _Account, folder: Path) -> None:
    options = ["--auth=trust", f"--username={_ROLE}", "--encoding=UTF8", "--locale=C"]
    done = subprocess.run(
        [programs / "initdb", *options, "--no-sync", "--pgdata", folder / "data"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **account.become(),
    )
    if done.returncode != 0:
        raise ChildFailed(done.stdout)


@contextmanager
def _running(programs: Path, account: _Account, folder: Path) -> Iterator[Postgres]:
    log = folder / "postgres.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            # -h '': no port at all; -k: where its socket lies.
            [programs / "postgres", "-D", folder / "data", "-h", "", "-k", folder],
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            **account.become(),
        )
    url = f"postgresql:///postgres?host={folder}&user={_ROLE}"

    def answers() -> bool:
        if server.poll() is not None:
            raise ChildFailed(log.read_text())
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            return False
        return True

    try:
        wait_until(answers, within_s=_START_WITHIN_S, what="PostgreSQL")
        yield Postgres(server.pid, url)
    finally:
        _stop(server)


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.send_signal(signal.SIGINT)  # "fast": it does not wait for clients
    try:
        server.wait(_STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGQUIT)  # "immediate": the data is thrown away
        server.wait()
