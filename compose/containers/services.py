"""Which containers there are: the topology's parts, and what each needs of its host."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from compose import brokers, network, probe, topology
from compose.containers.place import (
    NGINX,
    PROCESS_HOST,
    PROXY,
    SOCKETS,
    STATE,
    settings_inside,
    told,
)
from compose.credentials import Credentials
from compose.processes import Part, Step
from compose.settings import LOOPBACK, Settings, variable

PREPARE = "prepare"
"""Runs first, and to its end."""

TOOL = "emostream"
"""The command, for whoever has Docker alone."""

PLAIN, KAFKA, SPARK, NGINX_IMAGE = "plain", "kafka", "spark", "nginx"
"""The images, as the Dockerfile calls its targets."""

_STATE_READ = f"state:{STATE}:ro"
_SOCKETS = f"sockets:{SOCKETS}"
_PROXY_READ = f"proxy:{PROXY}:ro"
_RUN = STATE / "run"
_DATA = STATE / "data"

_BESIDE_HEAP_MIB = 512
"""What a JVM takes beside its heap, with Python beside it."""

_STOP_SLACK_S = 2

_CPU_SHARES = {
    NGINX: 4096,
    topology.INGEST: 4096,
    topology.KAFKA: 4096,
    topology.STREAM: 2048,
}
"""Of a core that several want; all others have Docker's 1024. Who takes reactions goes
first, then who counts them: processes share by thread, containers one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A container as the Compose file describes it."""

    name: str
    image: str
    command: Sequence[str]
    memory_mib: int
    cpu_shares: int | None = None
    """None: Docker's own."""
    needs: Sequence[str] = ()
    """Services that are to be started before; steps are to be done."""
    ports: Sequence[str] = ()
    volumes: Sequence[str] = (_STATE_READ,)
    tmpfs: Sequence[str] = ("/tmp",)  # noqa: S108 - a container's
    environment: dict[str, str] = field(default_factory=dict)
    stop_within_s: int = 5
    starts_within_s: float | None = None
    """None: it runs to its end."""
    health: Sequence[str] = probe.check()
    is_tool: bool = False

    @property
    def is_step(self) -> bool:
        """Whether others wait for its end."""
        return self.starts_within_s is None and not self.is_tool

    @property
    def stays(self) -> bool:
        """Whether it runs until it is stopped, and is asked whether it is well."""
        return self.starts_within_s is not None


def services(chosen: Settings) -> Iterator[Service]:
    """Yield every service, in the order of need.

    Raises:
        BadSetting: If the public host is no address of this machine.
    """
    yield Service(
        name=PREPARE,
        image=PLAIN,
        command=_own("prepare"),
        memory_mib=256,
        volumes=(f"state:{STATE}", f"proxy:{PROXY}"),
    )
    # No secret is told here; whoever starts has them.
    nameless = Credentials(dict.fromkeys(brokers.broker_users(), ""), "", "")
    inside = settings_inside(chosen)
    for part in topology.contained(inside, nameless, lambda _: None).parts:
        if part.name != topology.FORMAT:  # the container of Kafka does it
            yield _service(part, chosen)
    yield _nginx(chosen)
    yield _tool(chosen)


def _service(part: Part, chosen: Settings) -> Service:
    name = part.name
    needs = [need for need in part.needs if need != topology.FORMAT]
    first = [topology.FORMAT] if name == topology.KAFKA else []
    if isinstance(part, Step):
        command = _own("run", name)
        return Service(
            name=name, image=PLAIN, command=command, memory_mib=256, needs=needs
        )
    return Service(
        name=name,
        image={topology.KAFKA: KAFKA, topology.STREAM: SPARK}.get(name, PLAIN),
        command=_own("run", *first, name),
        memory_mib=_memory_mib(name, chosen),
        cpu_shares=_CPU_SHARES.get(name),
        needs=needs,
        ports=tuple(_ports(name, chosen)),
        volumes=tuple(_volumes(name)),
        tmpfs=tuple(_tmpfs(name)),
        environment=dict(part.environment),
        stop_within_s=part.stop_within_s + _STOP_SLACK_S,
        starts_within_s=part.ready_within_s,
    )


def _nginx(chosen: Settings) -> Service:
    port = chosen.http_port
    return Service(
        name=NGINX,
        image=NGINX_IMAGE,
        command=("nginx", "-c", f"{PROXY}/nginx.conf"),
        memory_mib=512,
        cpu_shares=_CPU_SHARES[NGINX],
        needs=(topology.INGEST, topology.WEB),
        ports=tuple(_published(port, network.listened(chosen.public_host))),
        volumes=(_PROXY_READ, _SOCKETS),
        starts_within_s=60,
        health=("curl", "-fsS", "-m", "5", f"http://{LOOPBACK}:{port}/livez"),
    )


def _tool(chosen: Settings) -> Service:
    """Return what runs the command as a person on this machine would."""
    return Service(
        name=TOOL,
        image=PLAIN,
        command=(),
        memory_mib=512,
        volumes=(),
        environment=told(chosen) | {variable("process_host"): PROCESS_HOST},
        is_tool=True,
    )


def _own(*arguments: str) -> tuple[str, ...]:
    return ("python", "-m", "compose.containers", *arguments)


def _is_web(name: str) -> bool:
    return name in {topology.INGEST, topology.WEB}


def _volumes(name: str) -> Iterator[str]:
    yield _STATE_READ
    if name in {topology.KAFKA, topology.STREAM, topology.AUDITOR}:
        yield f"{name}:{_DATA / name}"
    if _is_web(name):
        yield _SOCKETS
    if name == topology.WEB:
        # `emostream status`, which is run there, reads how far the stream is.
        yield f"{topology.STREAM}:{_DATA / topology.STREAM}:ro"


def _tmpfs(name: str) -> Iterator[str]:
    # Java unpacks native code there, and runs it.
    yield "/tmp:exec" if name == topology.KAFKA else "/tmp"  # noqa: S108 - a container's
    if _is_web(name):
        yield f"{_RUN}:uid=10001,gid=10001,mode=700"


def _ports(name: str, chosen: Settings) -> Iterator[str]:
    """Yield what is published: the clusters' brokers are what people connect to."""
    clusters = brokers.cluster_names(chosen)
    if name not in clusters:
        return
    yield from _published(brokers.cluster_port(chosen, name), [LOOPBACK])
    websockets = chosen.cluster_ws_port + clusters.index(name)
    yield from _published(websockets, network.listened(chosen.public_host))


def _published(port: int, hosts: Iterable[str]) -> Iterator[str]:
    for host in hosts:
        yield f"{host}:{port}:{port}"


def _memory_mib(name: str, chosen: Settings) -> int:
    """Return what a part may take; beyond it the kernel ends it."""
    if name == topology.KAFKA:
        return chosen.kafka_heap_mb + _BESIDE_HEAP_MIB
    if name == topology.STREAM:
        return chosen.spark_driver_memory_mb + 2 * _BESIDE_HEAP_MIB
    if _is_web(name):
        return 256 + 256 * chosen.web_workers
    if name in {topology.AUDITOR, topology.MAIN, *brokers.cluster_names(chosen)}:
        return 512
    return 256
