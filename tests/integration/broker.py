"""Real mosquittos of a test's own, as the product configures them."""

import os
import shutil
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
    RealProcess,
    absent,
    accepts,
    free_ports,
    wait_until,
)

PROGRAM = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
START_WITHIN_S = 60


class BrokerProcess(RealProcess):
    """One mosquitto that can be stopped, killed, paused, and started again."""

    def __init__(self, config: Path, port: int) -> None:
        super().__init__(config.with_suffix(".log"))
        self.port = port
        self._config = config

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        if not PROGRAM:
            absent("needs mosquitto")
        self.run([PROGRAM, "-c", str(self._config)])
        wait_until(self._answers, within_s=START_WITHIN_S, what="mosquitto")

    def open_to(self) -> set[str]:
        """Return the addresses on which it listens."""
        sockets = psutil.Process(self.pid).net_connections()
        return {one.laddr.ip for one in sockets if one.status == psutil.CONN_LISTEN}

    def _answers(self) -> bool:
        self.assert_running()
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


def install(
    folder: Path, *, clusters: int, public_host: str = ""
) -> tuple[Settings, Credentials]:
    """Render everything that the brokers read, on free ports."""
    first = free_ports(1 + 2 * clusters)
    settings = Settings(
        state_dir=folder,
        clusters=clusters,
        main_port=first,
        cluster_port=first + 1,
        cluster_ws_port=first + 1 + clusters,
        public_host=public_host,
    )
    credentials = Credentials.load_or_make(folder, broker_users())
    for file in broker_files(settings, credentials):
        file.write()
    return settings, credentials


@contextmanager
def brokers(folder: Path, *, clusters: int, public_host: str = "") -> Iterator[Brokers]:
    """Run main and its clusters from what is rendered into `folder`."""
    settings, credentials = install(folder, clusters=clusters, public_host=public_host)
    with ExitStack() as stack:
        main = stack.enter_context(
            running(config_path(settings, MAIN), settings.main_port)
        )
        edges = [
            stack.enter_context(running(config_path(settings, name), port))
            for port, name in enumerate(cluster_names(settings), settings.cluster_port)
        ]
        yield Brokers(settings, credentials, main, edges)
