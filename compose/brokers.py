"""From the settings to everything the brokers need: users, files, where they lie."""

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

from compose import network
from compose.credentials import Credentials
from compose.files import File
from compose.layout import Layout
from compose.settings import CLUSTERS_MAX, LOOPBACK, Settings
from mosquitto import acl
from mosquitto.brokers import cluster_broker, main_broker
from mosquitto.config import Broker, Pull
from mosquitto.password import password_line

MAIN = "main"
"""The main broker's name; the others are called as their clusters."""

_BESIDE_CLIENTS = 10_000
"""Connections of a cluster's broker beside its registered clients': plain subscribers,
workers, and clients of a cluster that has died and have not registered again."""

_OF_A_CLUSTER = re.compile(r"cluster-\d+(-worker-\d+)?")

_SALT_BYTES = 12


def cluster_names(settings: Settings) -> list[str]:
    """Name every cluster, from `cluster-1` on."""
    return _numbered(settings.clusters)


def possible_clusters() -> list[str]:
    """Name every cluster that any settings could have."""
    return _numbered(CLUSTERS_MAX)


def cluster_port(settings: Settings, cluster: str) -> int:
    """Return the MQTT port of a cluster's broker."""
    return cluster_address(settings, cluster)[1]


def cluster_address(settings: Settings, cluster: str) -> tuple[str, int]:
    """Return where our own processes find a cluster's broker: host and MQTT port."""
    return settings.broker_address(int(cluster.removeprefix("cluster-")))


def main_is_at(settings: Settings) -> str:
    """Return where our own main is looked after.

    It listens on loopback, whatever its clients are told; in containers they are told.
    """
    return settings.main_host if settings.is_contained else LOOPBACK


def worker_names(settings: Settings) -> list[str]:
    """Name every worker of a cluster, from `worker-1` on."""
    return [f"worker-{number}" for number in range(1, settings.workers + 1)]


def worker_process(cluster: str, worker: str) -> str:
    """Return what a worker's process is called."""
    return f"{cluster}-{worker}"


def processes_of(settings: Settings, cluster: str) -> list[str]:
    """Name a cluster's processes: its broker, and its workers."""
    return [
        cluster,
        *(worker_process(cluster, worker) for worker in worker_names(settings)),
    ]


def is_clusters(process: str) -> bool:
    """Tell whether a process is a cluster's: these come and go."""
    return bool(_OF_A_CLUSTER.fullmatch(process))


def broker_users() -> list[str]:
    """Name every MQTT user that needs a password, whatever the settings are."""
    return [*_main_users(), acl.WORKER]


def config_path(settings: Settings, name: str) -> Path:
    """Return the configuration file of `main` or of a cluster's broker."""
    return _folder(settings) / f"{name}.conf"


def broker_files(settings: Settings, credentials: Credentials) -> list[File]:
    """Render every file that a broker reads, for its owner only.

    The same settings and credentials give the same files.

    Raises:
        BadSetting: If the public host is no address of this machine.
    """
    # Main lets in every cluster that there can be: it is not touched when one comes.
    files = _files(
        settings,
        MAIN,
        _main(settings),
        acl.main_rights(possible_clusters()),
        _passwords(credentials, _main_users()),
    )
    cluster_passwords = _passwords(credentials, [acl.WORKER, acl.OPERATOR])
    for index, name in enumerate(cluster_names(settings)):
        broker = _cluster(settings, credentials, index, name)
        rights = acl.cluster_rights(name)
        files += _files(settings, name, broker, rights, cluster_passwords)
    return files


def _main_users() -> list[str]:
    edges = [acl.edge_user(cluster) for cluster in possible_clusters()]
    return [acl.BRIDGE, acl.WEB, acl.OPERATOR, *edges]


def _numbered(count: int) -> list[str]:
    return [f"cluster-{number}" for number in range(1, count + 1)]


def _main(settings: Settings) -> Broker:
    return main_broker(
        port=settings.main_port,
        folder=_folder(settings),
        user=_owner(),
        address=settings.bind_host,
    )


def _cluster(
    settings: Settings, credentials: Credentials, index: int, name: str
) -> Broker:
    pull = Pull(
        cluster=name,
        address=settings.main_address,
        password=credentials.passwords[acl.edge_user(name)],
        instance=credentials.instance,
    )
    return cluster_broker(
        port=settings.cluster_port + index,
        websocket_port=settings.cluster_ws_port + index,
        folder=_folder(settings),
        user=_owner(),
        pull=pull,
        connections_max=settings.cluster_capacity + _BESIDE_CLIENTS,
        address=settings.bind_host,
        websocket_addresses=network.listened(settings.public_host, settings.bind_host),
    )


def _files(
    settings: Settings,
    name: str,
    broker: Broker,
    rights: Iterable[acl.Right],
    passwords: str,
) -> list[File]:
    return [
        File(config_path(settings, name), broker.render()),
        File(broker.acl_file, acl.render(rights)),
        File(broker.password_file, passwords),
    ]


def _passwords(credentials: Credentials, users: Iterable[str]) -> str:
    lines = (
        password_line(
            user, credentials.passwords[user], salt=_salt(credentials.instance, user)
        )
        for user in users
    )
    return "".join(f"{line}\n" for line in lines)


def _salt(instance: str, user: str) -> bytes:
    """Salt each user of each installation differently, and the same each time."""
    return hashlib.sha256(f"{instance}/{user}".encode()).digest()[:_SALT_BYTES]


def _folder(settings: Settings) -> Path:
    return Layout(settings.state_dir).config


def _owner() -> str:
    """Started as root, a broker stays root: else it could not read its secrets."""
    return "root" if os.geteuid() == 0 else ""
