"""The web process: gunicorn with our apps, its workers each on a core of its own.

`python -m compose.web.server [APP]`, until SIGTERM. What the apps do is the business of
`ingest` and `clients.web`; `compose.web.wsgi` joins them.
"""

import os
import resource
import shutil
import sys
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger
from gunicorn.util import import_app

from compose import logs, network
from compose.layout import Layout
from compose.settings import BadSetting, Settings
from compose.web.gate import KEEP_ALIVE_S, Limits
from compose.web.worker import Worker

APP = "compose.web.wsgi:create()"

GRACE_S = 4
"""How long requests may take to end after SIGTERM: longer than one waits for Kafka,
and short enough for the process to end within five seconds."""

FILES_MAX = 65_536
"""Open files of a worker at most, where the system lets it have so many."""


class PlainLog(Logger):  # type: ignore[misc]  # gunicorn has no annotations
    """Gunicorn's log in the form of all others: it goes where they go."""

    def setup(self, cfg: Any) -> None:  # noqa: ANN401 - as gunicorn's
        """Leave handlers and levels to the root logger."""
        self.cfg = cfg
        self.error_log.propagate = True


class Web(BaseApplication):  # type: ignore[misc]  # gunicorn has no annotations
    """Gunicorn, configured by our settings alone."""

    def __init__(self, settings: Settings, app: str = APP) -> None:
        self._settings, self._app = settings, app
        self.limits = Limits(
            head_s=settings.web_head_within_s,
            body_s=settings.web_body_within_s,
            bodies_max_bytes=settings.web_bodies_max_bytes,
        )
        super().__init__()

    def load_config(self) -> None:
        """Fill in gunicorn's configuration."""
        settings = self._settings
        options = {
            "bind": self._listened(),
            "proc_name": "emostream-web",
            "worker_class": Worker,
            "workers": settings.web_workers,
            "threads": settings.web_threads,
            "worker_connections": settings.web_connections,
            "graceful_timeout": GRACE_S,
            "keepalive": KEEP_ALIVE_S,
            "logger_class": PlainLog,
            # It would lie outside the state folder, and nobody uses it.
            "control_socket_disable": True,
            "pre_fork": _choose_core,
            "post_fork": _pin,
            "child_exit": _forget,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def _listened(self) -> list[str]:
        settings = self._settings
        hosts = network.listened(settings.public_host, settings.bind_host)
        bound = [f"{host}:{settings.http_port}" for host in hosts]
        socket = settings.http_socket
        return [*bound, f"unix:{socket}"] if socket else bound

    def load(self) -> Any:  # noqa: ANN401 - a WSGI app
        """Build the app; called in each worker, so each has its own producer."""
        return import_app(self._app)


def main(app: str = APP) -> None:
    """Run the process until SIGTERM.

    Args:
        app: Which one, as `module:factory()`; the bench compares ours with others.
    """
    try:
        settings = Settings.load()
    except BadSetting as error:
        sys.exit(str(error))
    logs.configure(settings.log_level)
    metrics_dir = Layout(settings.state_dir).run / "web-metrics"
    _empty(metrics_dir)
    # Read by prometheus_client when it is imported: not before the app is.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(metrics_dir)
    _allow_files()
    Web(settings, app).run()


def _empty(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700, parents=True)


def _allow_files() -> None:
    """Raise the limit of open files: a connection is one, and 1024 is usual."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = FILES_MAX if most == resource.RLIM_INFINITY else min(most, FILES_MAX)
    resource.setrlimit(resource.RLIMIT_NOFILE, (enough, most))


def _choose_core(server: Arbiter, worker: Worker) -> None:
    """Give a worker the core that fewest others have; a new one its predecessor's."""
    cores = sorted(os.sched_getaffinity(0))
    taken = [other.core for other in server.WORKERS.values()]
    worker.core = min(cores, key=taken.count)


def _pin(_: Arbiter, worker: Worker) -> None:
    os.sched_setaffinity(0, {worker.core})


def _forget(_: Arbiter, worker: Worker) -> None:
    """Drop what only a living worker shows; its counts stay."""
    from prometheus_client import multiprocess  # noqa: PLC0415 - see `main`

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main(*sys.argv[1:])
