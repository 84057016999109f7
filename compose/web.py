"""The web process: gunicorn with our app, its workers each on a core of its own.

`python -m compose.web`, until SIGTERM. What the app does is `ingest`'s business.
"""

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger
from gunicorn.util import import_app
from gunicorn.workers.gthread import ThreadWorker

from compose import logs
from compose.layout import Layout
from compose.settings import LOOPBACK, BadSetting, Settings
from ingest.intake import BODY_MAX_BYTES

APP = "ingest.wsgi:create()"

GRACE_S = 4
"""How long requests may take to end after SIGTERM: longer than one waits for Kafka,
and short enough for the process to end within five seconds."""

KEEP_ALIVE_S = 15
"""How long an idle connection stays; senders post about once a second."""


class PlainLog(Logger):  # type: ignore[misc]  # gunicorn has no annotations
    """Gunicorn's log in the form of all others: it goes where they go."""

    def setup(self, cfg: Any) -> None:  # noqa: ANN401 - as gunicorn's
        """Leave handlers and levels to the root logger."""
        self.cfg = cfg
        self.error_log.propagate = True


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no annotations
    """Gunicorn's threaded worker, on one core, that ends without waiting for the idle.

    One core, since only one thread of a worker runs at a time, and handing over
    between cores took about a quarter of a request's CPU time where measured.
    """

    core: int

    def handle_exit(self, sig: int, frame: object) -> None:
        """Begin to end: let requests finish, close connections that have none."""
        super().handle_exit(sig, frame)
        self.method_queue.defer(self._close_idle)

    def _close_idle(self) -> None:
        for connection in (*self.keepalived_conns, *self.pending_conns):
            connection.timeout = 0
        self.murder_keepalived()
        self.murder_pending()


class Web(BaseApplication):  # type: ignore[misc]  # gunicorn has no annotations
    """Gunicorn, configured by our settings alone."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Fill in gunicorn's configuration."""
        settings = self._settings
        options = {
            "bind": f"{LOOPBACK}:{settings.http_port}",
            "proc_name": "emostream-web",
            "worker_class": Worker,
            "workers": settings.web_workers,
            "threads": settings.web_threads,
            "graceful_timeout": GRACE_S,
            "keepalive": KEEP_ALIVE_S,
            "logger_class": PlainLog,
            # It would lie outside the state folder, and nobody uses it.
            "control_socket_disable": True,
            "pre_request": _end_after_unread_body,
            "pre_fork": _choose_core,
            "post_fork": _pin,
            "child_exit": _forget,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:  # noqa: ANN401 - a WSGI app
        """Build the app; called in each worker, so each has its own producer."""
        return import_app(APP)


def main() -> None:
    """Run the process until SIGTERM."""
    try:
        settings = Settings.load()
    except BadSetting as error:
        sys.exit(str(error))
    logs.configure(settings.log_level)
    metrics_dir = Layout(settings.state_dir).run / "web-metrics"
    _empty(metrics_dir)
    # Read by prometheus_client when it is imported: not before the app is.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(metrics_dir)
    Web(settings).run()


def _empty(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700, parents=True)


def _choose_core(server: Arbiter, worker: Worker) -> None:
    """Give a worker the core that fewest others have; a new one its predecessor's."""
    cores = sorted(os.sched_getaffinity(0))
    taken = [other.core for other in server.WORKERS.values()]
    worker.core = min(cores, key=taken.count)


def _pin(_: Arbiter, worker: Worker) -> None:
    os.sched_setaffinity(0, {worker.core})


def _end_after_unread_body(_: Worker, request: Any) -> None:  # noqa: ANN401 - as above
    """Close the connection after a request whose body the app does not read."""
    headers = dict(request.headers)
    length = headers.get("CONTENT-LENGTH", "0")
    if "TRANSFER-ENCODING" in headers or int(length) > BODY_MAX_BYTES:
        request.force_close()


def _forget(_: Arbiter, worker: Worker) -> None:
    """Drop what only a living worker shows; its counts stay."""
    from prometheus_client import multiprocess  # noqa: PLC0415 - see `main`

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
