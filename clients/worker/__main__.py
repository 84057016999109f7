"""Wire a worker from the settings and run it until it is told to stop."""

import logging
import secrets
import signal
import sys
from typing import Annotated

import typer

from clients.link import Address, Link
from clients.worker.identity import Identity, followed, will
from clients.worker.wire import BrokerAddress
from clients.worker.worker import Worker
from compose import logs
from compose.brokers import cluster_address, cluster_names
from compose.credentials import Credentials
from compose.settings import BadSetting, Settings
from mosquitto.acl import WORKER
from mosquitto.topic import BadName, check_name

_RETRY_WAIT_MAX_S = 1.0
"""There are few of us, and many wait for what we relay."""

_KEEPALIVE_S = 5

log = logging.getLogger("worker")


def main(
    cluster: Annotated[str, typer.Option(help="Whose broker it serves: cluster-1.")],
    worker: Annotated[str, typer.Option(help="Its name in the cluster: worker-1.")],
) -> None:
    """Relay frames to the registered clients of a cluster, until SIGTERM or SIGINT."""
    try:
        settings = Settings.load()
        link, served = wired(settings, cluster, worker)
    except (BadSetting, BadName) as error:
        sys.stderr.write(f"{error}\n")
        raise typer.Exit(2) from error
    except FileNotFoundError as error:
        sys.stderr.write("No system was ever started here: `emostream up` does.\n")
        raise typer.Exit(1) from error
    logs.configure(settings.log_level)
    run(link, served)


def wired(settings: Settings, cluster: str, name: str) -> tuple[Link, Worker]:
    """Return a worker and its connection, which is not open yet.

    Raises:
        BadName: If there is no such cluster, or no worker can be called so.
        FileNotFoundError: If no system was ever started with these settings.
    """
    clusters = cluster_names(settings)
    if cluster not in clusters:
        raise BadName(f"there is no cluster {cluster!r}, only {', '.join(clusters)}")
    host, port = cluster_address(settings, cluster)
    link = Link(
        Address(
            host,
            port,
            WORKER,
            Credentials.load(settings.state_dir).passwords[WORKER],
            # Nobody can guess it, and so nobody can throw this worker off.
            f"{WORKER}-{cluster}-{check_name(name)}-{secrets.token_hex(8)}",
        ),
        followed(cluster),
        wait_max_s=_RETRY_WAIT_MAX_S,
        will=will(cluster, name),
        keepalive_s=_KEEPALIVE_S,
    )
    told = BrokerAddress(
        settings.cluster_host,
        port,
        settings.cluster_ws_port + clusters.index(cluster),
        settings.public_host or settings.cluster_host,
    )
    me = Identity(cluster, name, told, settings.cluster_capacity)
    return link, Worker(me, link)


def run(link: Link, worker: Worker) -> None:
    """Serve until told to stop, and then until the others serve its members."""
    stopping: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: stopping.append(number))
    for event in link.events():
        worker.take(event)
        if stopping:
            worker.close()
        if worker.is_done:
            break
    link.close()
    log.info("ended")


if __name__ == "__main__":
    typer.run(main)
