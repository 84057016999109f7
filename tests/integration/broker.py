"""Real mosquittos of a test's own, as the product configures them."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from compose.brokers import (
    MAIN,
    broker_files,
    broker_users,
    cluster_names,
    config_path,
)
from compose.credentials import Credentials
from compose.settings import Settings
from tests.integration.processes import (
    absent,
    accepts,
    end,
    free_port,
    free_ports,
    spawn,
    wait_until,
)

PROGRAM = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
START_WITHIN_S = 10


class BrokerProcess:
    """One mosquitto that can be stopped, killed, paused, and started again."""

    def __init__(self, config: Path, port: int) -> None:
        self.port = port
        self._config = config
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        if not PROGRAM:
            absent("needs mosquitto")
        self._process = spawn([PROGRAM, "-c", str(self._config)], self._log)
        wait_until(self._answers, within_s=START_WITHIN_S, what="mosquitto")

    def stop(self) -> None:
        """Let it end in order."""
        if self._process:
            end(self._process, within_s=10)
            self._process = None

    def kill(self) -> None:
        """End it as a crash does."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Make it hang: connections stay, nothing answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Wake it up again."""
        self._signal(signal.SIGCONT)

    def open_to(self) -> set[str]:
        """Return the addresses on which it listens."""
        assert self._process, "mosquitto is not running"
        sockets = psutil.Process(self._process.pid).net_connections()
        return {one.laddr.ip for one in sockets if one.status == psutil.CONN_LISTEN}

    def log(self) -> str:
        """Return what it wrote."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    @property
    def _log(self) -> Path:
        return self._config.with_suffix(".log")

    def _signal(self, number: signal.Signals) -> None:
        assert self._process, "mosquitto is not running"
        os.kill(self._process.pid, number)

    def _answers(self) -> bool:
        assert self._process, "mosquitto is not running"
        assert self._process.poll() is None, f"mosquitto ended:\n{self.log()}"
        return accepts(self.port)


@dataclass(frozen=True)
class Brokers:
    """The main broker and those of the clusters, all running."""

    settings: Settings
    credentials: Credentials
    main: BrokerProcess
    clusters: list[BrokerProcess]


@contextmanager
def running(config: Path, port: int) -> Iterator[BrokerProcess]:
    """Run the broker of a configuration file; its log is printed if the body fails."""
    process = BrokerProcess(config, port)
    try:
        process.start()
        yield process
    except BaseException:
        print(f"{config.name}:\n{process.log()}")
        raise
    finally:
        process.kill()


def install(folder: Path, *, clusters: int) -> tuple[Settings, Credentials]:
    """Render everything that the brokers read, on free ports."""
    settings = Settings(
        state_dir=folder,
        clusters=clusters,
        main_port=free_port(),
        cluster_port=free_ports(clusters),
        cluster_ws_port=free_ports(clusters),
    )
    credentials = Credentials.load_or_make(folder, broker_users(settings))
    for file in broker_files(settings, credentials):
        file.write()
    return settings, credentials


@contextmanager
def brokers(folder: Path, *, clusters: int) -> Iterator[Brokers]:
    """Run main and its clusters from what is rendered into `folder`."""
    settings, credentials = install(folder, clusters=clusters)
    with ExitStack() as stack:
        main = stack.enter_context(
            running(config_path(settings, MAIN), settings.main_port)
        )
        edges = [
            stack.enter_context(running(config_path(settings, name), port))
            for port, name in enumerate(cluster_names(settings), settings.cluster_port)
        ]
        yield Brokers(settings, credentials, main, edges)
