"""Wire the auto-scaler from the settings and run it until it is told to stop."""

import logging
import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import NoReturn

from rich.console import Console

from clients.link import Address, Link
from compose import logs, running
from compose.brokers import cluster_names
from compose.credentials import Credentials
from compose.errors import Refused
from compose.layout import Layout
from compose.report import LineReport, Report
from compose.scaling import bounds, drains, turn
from compose.scaling.auto import AutoScaler
from compose.scaling.bounds import Bounds
from compose.scaling.hearing import FOLLOWED
from compose.scaling.load import Size
from compose.scaling.scale import Scaling
from compose.settings import BadSetting, Settings
from compose.topology import SCALER
from mosquitto.acl import OPERATOR

_RETRY_WAIT_MAX_S = 1.0
"""There are few of us, and main is found again soon."""

_LEAVE_WITHIN_S = 1.0
"""So long a change that is under way may take to be left in order."""

_NEVER_STARTED = "No system was ever started here: `emostream up` does."

log = logging.getLogger("scaling")


def main() -> int:
    """Run as a process of the system, until SIGTERM or SIGINT."""
    try:
        settings = Settings.load()
        logs.configure(settings.log_level)
        run(settings, _LogReport())
    except BadSetting as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except Refused as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except Exception:
        log.critical("ended by a fault", exc_info=True)
        return 1
    return 0


def foreground(settings: Settings) -> NoReturn:
    """Run for a person who watches, and end the process.

    Raises:
        Refused: If what runs does not lie within the bounds, or nothing was ever
            started with these settings.
    """
    bounds.check_running(settings)
    # The report says it, too, but a terminal may be closed by the morning.
    layout = Layout(settings.state_dir)
    logs.into_file(log, layout.log_of(SCALER), settings.log_level)
    log.info("begun by=%r process=%d", "a person", os.getpid())
    report = LineReport(Console())
    report.say(_intention(Bounds.of(settings)))
    run(settings, report, lambda text: report.say(f"{time.strftime('%X')} {text}"))
    leave(0)


def run(
    settings: Settings, report: Report, tell: Callable[[str], None] = lambda _: None
) -> None:
    """Scale by the load until SIGTERM or SIGINT.

    A change that is under way then may still be when this returns: `leave`.

    Args:
        settings: Whose system, and the bounds.
        report: Told each step of a change.
        tell: Where each decision is told, beside the log.

    Raises:
        Refused: If no system was ever started with these settings.
    """
    layout, ending = Layout(settings.state_dir), threading.Event()
    link = Link(_main(settings), FOLLOWED, wait_max_s=_RETRY_WAIT_MAX_S)
    auto = AutoScaler(
        _Scaler(layout, report),
        lambda: _size(layout),
        Bounds.of(settings),
        machine_busy=_machine_busy,
        tell=tell,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    for event in link.events():
        auto.take(event)
        if ending.is_set():
            break
    link.close()
    auto.close(_LEAVE_WITHIN_S)
    log.info("ended")


def leave(code: int) -> NoReturn:
    """End the process at once, whatever a change that is under way waits for."""
    logging.shutdown()
    sys.stdout.flush()
    os._exit(code)


def _main(settings: Settings) -> Address:
    try:
        password = Credentials.load(settings.state_dir).passwords[OPERATOR]
    except FileNotFoundError as error:
        raise Refused(_NEVER_STARTED) from error
    # Nobody can guess it, and so nobody can throw it off main.
    client_id = f"{OPERATOR}-scaling-{secrets.token_hex(8)}"
    host, port = settings.main_host, settings.main_port
    return Address(host, port, OPERATOR, password, client_id)


def _size(layout: Layout) -> Size:
    """Return what should run now.

    Raises:
        Refused: If that is not known.
    """
    noted, closed = running.noted(layout), drains.read(layout)
    leaving = (name for name, drain in closed.items() if drain.is_leaving)
    names = tuple(cluster_names(noted))
    return Size(names, noted.workers, frozenset(closed), frozenset(leaving))


def _machine_busy() -> float | None:
    """Return how many threads want each CPU; None where no system tells it."""
    try:
        return os.getloadavg()[0] / (os.cpu_count() or 1)
    except OSError:
        return None


def _intention(bounds: Bounds) -> str:
    return (
        f"Between {bounds.clusters_min} and {bounds.clusters_max} clusters, and"
        f" {bounds.workers_min} and {bounds.workers_max} workers each, by their load;"
        " until Ctrl-C."
    )


class _Scaler:
    """Scales the system of a state folder."""

    def __init__(self, layout: Layout, report: Report) -> None:
        self._layout, self._report = layout, report

    def to(
        self, clusters: int | None, workers: int | None, abandoned: threading.Event
    ) -> None:
        scaling = Scaling(
            self._layout, self._report, abandoned=abandoned, by=turn.BY_LOAD
        )
        scaling.to(clusters=clusters, workers=workers)


class _LogReport:
    """Writes the steps of a change into the log."""

    def begun(self, part: str) -> None:
        """Say nothing: the line comes when the part is ready."""

    def ready(self, part: str, seconds: float) -> None:
        log.info("ready part=%s after_s=%.1f", part, seconds)

    def gave_up(self, part: str) -> None:
        """Say nothing: why it was is said where the change ends."""

    def say(self, text: str) -> None:
        log.info("step text=%r", text)


if __name__ == "__main__":
    leave(main())
