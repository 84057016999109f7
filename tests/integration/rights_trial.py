"""Brokers under trial: rendered by the product, with a tester who may do everything.

Everybody may read and write `WITNESS`: where something is seen not to arrive, that
arrives in the same run through the same connection.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from compose.brokers import MAIN, config_path
from compose.credentials import Credentials
from mosquitto.password import password_line
from tests.integration.broker import install, running
from tests.integration.mqtt_peer import V5, Login, Peer

CLUSTER = "cluster-1"
WITNESS = "witness"
TESTER = Login("tester", "secret", "tester")

_WITNESSED = f"topic readwrite {WITNESS}\n"
_TESTER_RIGHTS = "\nuser tester\ntopic readwrite #\n"


@dataclass(frozen=True)
class Trial:
    """The brokers' ports and everybody's passwords."""

    credentials: Credentials
    ports: dict[str, int]

    def login(self, user: str, client_id: str = "me", version: int = V5) -> Login:
        """Return who connects as a user; without a name, as anybody."""
        password = self.credentials.passwords.get(user, "")
        return Login(user, password, client_id, type(V5)(version))


@contextmanager
def trial(folder: Path) -> Iterator[Trial]:
    """Run main and a cluster's broker; nothing but the test publishes anything."""
    settings, credentials = install(folder, clusters=2)
    ports = {MAIN: settings.main_port, CLUSTER: settings.cluster_port}
    for name in ports:
        config = config_path(settings, name)
        rights = config.with_suffix(".acl")
        users = re.sub(
            "^user .+\n", rf"\g<0>{_WITNESSED}", rights.read_text(), flags=re.MULTILINE
        )
        rights.write_text(f"{_WITNESSED}{users}{_TESTER_RIGHTS}")
        with config.with_suffix(".passwd").open("a") as passwords:
            passwords.write(password_line("tester", "secret", salt=b"0" * 12) + "\n")
    # The cluster's link finds no main when it starts.
    with (
        running(config_path(settings, CLUSTER), ports[CLUSTER]),
        running(config_path(settings, MAIN), ports[MAIN]),
    ):
        yield Trial(credentials, ports)


def topics_with(peer: Peer, payload: bytes) -> set[str]:
    """Return under which topics a payload came, up to now."""
    peer.catch_up()
    return {one.topic for one in peer.received if one.payload == payload}
