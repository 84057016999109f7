"""A system whose links run through proxies of the test's own.

- clusters, bridge and web find main at 127.0.0.2;
- viewers and clients find the clusters at 127.0.0.3;
- a web server beside the system's own, to which everybody reacts, finds Kafka at
  127.0.0.4. All else goes to Kafka directly.
"""

import random
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.proxied import Address
from tests.faults.proxy import Proxy, proxy
from tests.faults.running import say, up
from tests.faults.scene import Scene
from tests.faults.senders import Senders
from tests.integration import web_process
from tests.integration.kafka_server import kafka_server
from tests.integration.processes import LOOPBACK, free_port
from tests.system.stack import Stack

MAIN = "main ↔ cluster"
CLUSTERS = "client ↔ cluster"
KAFKA = "ingest ↔ Kafka"

_MAIN_HOST = "127.0.0.2"
_CLUSTER_HOST = "127.0.0.3"
_KAFKA_HOST = "127.0.0.4"


@dataclass(frozen=True, slots=True)
class Link:
    """All proxies between two kinds of parts."""

    proxies: tuple[Proxy, ...]

    @property
    def connections(self) -> int:
        """How many are open now."""
        return sum(one.connections for one in self.proxies)

    @property
    def resets(self) -> int:
        """How many were reset so far by `reset_some`."""
        return sum(one.resets for one in self.proxies)

    def cut(self) -> None:
        """Reset every connection and refuse new ones, until `heal`."""
        for one in self.proxies:
            one.cut()

    def fall_silent(self) -> None:
        """Accept, forward nothing, and close nothing, until `heal`."""
        for one in self.proxies:
            one.fall_silent()

    def delay(self, seconds: float) -> None:
        """Have everything arrive so much later, in both directions, until `heal`."""
        for one in self.proxies:
            one.delay(seconds)

    def reset_some(self, share: float, chance: random.Random) -> None:
        """Reset this share of the connections each second, until `heal`."""
        for one in self.proxies:
            one.reset_some(share, chance)

    def heal(self) -> None:
        """Forward everything at once."""
        for one in self.proxies:
            one.heal()


@dataclass(slots=True, kw_only=True)
class Linked(Scene):
    """A system, and the links that can be harmed."""

    links: Mapping[str, Link]


@contextmanager
def linked(folder: Path, seed: int) -> Iterator[Linked]:
    """Run such a system until the end of the block."""
    with ExitStack() as parts:
        log, of_ingest = _kafka(folder / "kafka", parts)
        settings = {
            "KAFKA_SERVERS": log,
            "MAIN_HOST": _MAIN_HOST,
            "CLUSTER_HOST": _CLUSTER_HOST,
        }
        stack = Stack(folder, settings)
        links = {
            MAIN: _through(parts, _MAIN_HOST, stack.main_port),
            CLUSTERS: _through(parts, _CLUSTER_HOST, *stack.cluster_ports),
            KAFKA: _through(parts, of_ingest[0], of_ingest[1]),
        }
        parts.enter_context(up(stack))
        url = parts.enter_context(_web(folder / "web", stack, of_ingest))
        senders = parts.enter_context(Senders(url, seed))
        yield Linked(
            stack,
            random.Random(seed),
            senders,
            say,
            cluster_host=_CLUSTER_HOST,
            links=links,
        )


def _kafka(folder: Path, parts: ExitStack) -> tuple[str, Address]:
    """Run a Kafka; return where it is, and where it is through a proxy."""
    folder.mkdir()
    port, controller_port, proxied_port = free_port(), free_port(), free_port()
    listeners = {
        "PLAINTEXT": (LOOPBACK, port),
        "CONTROLLER": (LOOPBACK, controller_port),
        "PROXIED": (LOOPBACK, proxied_port),
    }
    told = {
        "PLAINTEXT": listeners["PLAINTEXT"],
        "PROXIED": (_KAFKA_HOST, proxied_port),
    }
    changes = {
        "listeners": _listed(listeners),
        "advertised.listeners": _listed(told),
        "listener.security.protocol.map": ",".join(
            f"{name}:PLAINTEXT" for name in listeners
        ),
    }
    ports = port, controller_port
    server = parts.enter_context(kafka_server(folder, ports=ports, changes=changes))
    return server.servers, told["PROXIED"]


def _listed(listeners: Mapping[str, Address]) -> str:
    return ",".join(f"{name}://{at[0]}:{at[1]}" for name, at in listeners.items())


def _through(parts: ExitStack, host: str, *ports: int) -> Link:
    """Open at `host` what leads to the same ports of this machine."""
    return Link(
        tuple(
            parts.enter_context(proxy((host, port), (LOOPBACK, port))) for port in ports
        )
    )


@contextmanager
def _web(folder: Path, stack: Stack, kafka: Address) -> Iterator[str]:
    """Run one more web server of a system, with its own way to Kafka."""
    (folder / "state").mkdir(parents=True)
    state = Path(stack.environment["EMOSTREAM_STATE_DIR"])
    # It would empty the folder in which the other one counts.
    shutil.copy2(state / "credentials.json", folder / "state")
    settings = {
        "KAFKA_SERVERS": f"{kafka[0]}:{kafka[1]}",
        "MAIN_HOST": _MAIN_HOST,
        "MAIN_PORT": stack.main_port,
        "AUDITOR_PORT": stack.port_of("AUDITOR_PORT"),
    }
    with web_process.running(folder, **settings) as web:
        yield web.url
