"""The native system, part by part: what runs on one machine, and in what order."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import ingest.topics
import stream.topics
from compose import brokers, kafka, probes, topics
from compose.credentials import Credentials
from compose.files import File
from compose.layout import Layout
from compose.mqtt_reader import Login
from compose.processes import Part, PortClaim, Process, Step, System, run_to_end
from compose.scaling import drains
from compose.settings import LOOPBACK, BadSetting, Settings, variable
from compose.setup.system import find_program
from ingest.topics import Topic
from mosquitto.acl import OPERATOR

KAFKA = "kafka"
FORMAT = "kafka-format"
TOPICS = "topics"
MAIN = "mosquitto-main"
STREAM = "stream"
BRIDGE = "bridge"
AUDITOR = "auditor"
INGEST = "ingest"
WEB = "web"
SCALER = "scaler"

STREAM_NICENESS = 5
"""How much less the stream gets of a core that others want, too: a third. So does the
auditor: who looks on holds nobody up."""

_NICE = ("nice", "-n", str(STREAM_NICENESS))


def native(settings: Settings, say: Callable[[str], None]) -> System:
    """Describe the system that these settings ask for.

    Args:
        settings: What was chosen.
        say: Told what a person should know while a step is done.

    Raises:
        BadSetting: If the public host is no address of this machine, or our processes
            would listen to a network.
    """
    if settings.bind_host != LOOPBACK:
        raise BadSetting(
            f"{variable('bind_host')} is for containers: here it would open Kafka and"
            f" all figures to a network. {variable('public_host')} opens the pages."
        )
    credentials = Credentials.load_or_make(settings.state_dir, brokers.broker_users())
    parts = [
        *_inner(settings, credentials, say),
        _web(settings),
        *([_scaler()] if settings.auto_scale else []),
    ]
    files = _files(settings, credentials)
    return System(parts, files, brokers.is_clusters, _at_rest(settings))


def contained(
    settings: Settings, credentials: Credentials, say: Callable[[str], None]
) -> System:
    """Describe the same system where each process has a container.

    Web is two then, behind a proxy; what is in front of that, and what starts a
    process again, is not ours.

    Args:
        settings: What was chosen; they say where the others are found.
        credentials: Of this installation.
        say: Told what a person should know while a step is done.
    """
    parts = [
        *_inner(settings, credentials, say),
        _web(settings, INGEST, "compose.web.wsgi:create_ingest()"),
        _web(settings, WEB, "compose.web.wsgi:create_web()"),
    ]
    return System(parts, _files(settings, credentials))


def _inner(
    settings: Settings, credentials: Credentials, say: Callable[[str], None]
) -> Iterator[Part]:
    """Yield all parts but those that serve HTTP to people."""
    operator = Login(OPERATOR, credentials.passwords[OPERATOR])
    if not settings.kafka_servers:
        yield from _kafka(settings, credentials)
    yield _topics(settings, say)
    yield _main_broker(settings, operator)
    yield from _cluster_brokers(settings, operator)
    yield from _workers(settings, operator)
    yield _stream(settings)
    yield _bridge(settings, operator)
    yield _auditor(settings)


def _files(settings: Settings, credentials: Credentials) -> list[File]:
    kafkas = [] if settings.kafka_servers else _kafka_files(settings)
    return [*brokers.broker_files(settings, credentials), *kafkas]


def topic_list(settings: Settings) -> list[Topic]:
    """Return every Kafka topic, as its owner describes it."""
    prefix = settings.kafka_topic_prefix
    reactions = ingest.topics.reactions(
        prefix,
        partitions=settings.reactions_partitions,
        retention_bytes=settings.reactions_retention_bytes,
    )
    others = (
        ingest.topics.intake,
        ingest.topics.states,
        stream.topics.frames,
        stream.topics.rooms,
        stream.topics.rejects,
    )
    return [reactions, *(describe(prefix) for describe in others)]


def _at_rest(settings: Settings) -> frozenset[str]:
    """Name the processes of the clusters that are drained."""
    stopped = drains.stopped(Layout(settings.state_dir))
    return frozenset(
        process
        for cluster in stopped
        for process in brokers.processes_of(settings, cluster)
    )


def _kafka_files(settings: Settings) -> list[File]:
    folder = Layout(settings.state_dir)
    properties = kafka.server_properties(
        port=settings.kafka_port,
        controller_port=settings.kafka_controller_port,
        data_dir=folder.data / KAFKA,
        address=settings.bind_host,
        advertised=settings.kafka_host,
    )
    return [
        File(folder.config / "kafka.properties", properties),
        File(folder.config / "kafka-log4j2.properties", kafka.LOG4J2_PROPERTIES),
    ]


def _kafka(settings: Settings, credentials: Credentials) -> list[Part]:
    config = Layout(settings.state_dir).config
    jars = settings.jars_dir / KAFKA
    properties = config / "kafka.properties"
    start = kafka.start_command(
        jars,
        properties,
        config / "kafka-log4j2.properties",
        heap_mb=settings.kafka_heap_mb,
    )
    make = kafka.format_command(jars, properties, credentials.kafka_cluster_id)
    return [
        Step(
            name=FORMAT,
            run=partial(run_to_end, make),
            hint="The volumes `kafka` and `state` are not of one installation."
            if settings.is_contained
            else "A data folder of another installation: `emostream clean` empties it.",
        ),
        Process(
            name=KAFKA,
            command=tuple(start),
            needs=(FORMAT,),
            ports=(
                _claim(settings, "kafka_port"),
                _claim(settings, "kafka_controller_port"),
            ),
            ready=partial(probes.kafka_answers, settings.bootstrap_servers),
            ready_within_s=60,
            stop_within_s=5,
            hint=f"Too little heap? {variable('kafka_heap_mb')} raises it.",
        ),
    ]


def _topics(settings: Settings, say: Callable[[str], None]) -> Step:
    servers = settings.bootstrap_servers
    return Step(
        name=TOPICS,
        run=lambda: topics.ensure(servers, topic_list(settings), say),
        needs=() if settings.kafka_servers else (KAFKA,),
        hint=f"{variable('kafka_servers')} names a Kafka that runs elsewhere.",
    )


def _main_broker(settings: Settings, operator: Login) -> Process:
    return Process(
        name=MAIN,
        command=_mosquitto(settings, brokers.MAIN),
        ports=(_claim(settings, "main_port"),),
        ready=partial(probes.broker_takes, settings.main_port, operator),
        hint=_by_hand(settings, brokers.MAIN),
    )


def _cluster_brokers(settings: Settings, operator: Login) -> list[Process]:
    return [
        Process(
            name=name,
            command=_mosquitto(settings, name),
            needs=(MAIN,),
            ports=(
                _claim(settings, "cluster_port", index),
                _open_claim(settings, "cluster_ws_port", index),
            ),
            ready=partial(
                probes.cluster_is_linked,
                name,
                port=settings.cluster_port + index,
                main_port=settings.main_port,
                main_host=brokers.main_is_at(settings),
                login=operator,
            ),
            hint=_by_hand(settings, name),
        )
        for index, name in enumerate(brokers.cluster_names(settings))
    ]


def _workers(settings: Settings, operator: Login) -> list[Process]:
    return [
        Process(
            name=brokers.worker_process(cluster, worker),
            command=(
                *(sys.executable, "-m", "clients.worker"),
                *("--cluster", cluster, "--worker", worker),
            ),
            needs=(cluster,),
            # Who started the system may have known of fewer clusters.
            environment={variable("clusters"): str(index + 1)},
            ready=partial(
                probes.worker_serves,
                *(cluster, worker),
                host=brokers.cluster_address(settings, cluster)[0],
                port=settings.cluster_port + index,
                login=operator,
            ),
            # It relays on for two seconds at most, until its peers have its slots.
            stop_within_s=3,
        )
        for index, cluster in enumerate(brokers.cluster_names(settings))
        for worker in brokers.worker_names(settings)
    ]


def _stream(settings: Settings) -> Process:
    frames = stream.topics.frames(settings.kafka_topic_prefix)
    return Process(
        name=STREAM,
        # Behind all others, wherever a core is short: see DECISIONS.md, 37.
        command=(*_NICE, sys.executable, "-m", "stream"),
        needs=(TOPICS,),
        ports=(_claim(settings, "stream_metrics_port"),),
        ready=probes.PulseInKafka(settings.bootstrap_servers, frames),
        # Spark takes 8 s on a quiet machine and ten times that on a busy one.
        ready_within_s=180,
        stop_within_s=6,
        hint=f"Too little heap? {variable('spark_driver_memory_mb')} raises it."
        " Jars that do not fit: make setup.",
    )


def _bridge(settings: Settings, operator: Login) -> Process:
    return Process(
        name=BRIDGE,
        command=(sys.executable, "-m", "bridge"),
        # The pulse that shows it at work comes from the stream.
        needs=(TOPICS, MAIN),
        ports=(_claim(settings, "bridge_metrics_port"),),
        ready=partial(
            probes.pulse_arrives,
            settings.main_port,
            operator,
            brokers.main_is_at(settings),
        ),
        ready_within_s=200,
    )


def _auditor(settings: Settings) -> Process:
    url = f"http://{LOOPBACK}:{settings.auditor_port}/readyz"
    return Process(
        name=AUDITOR,
        command=(*_NICE, sys.executable, "-m", "stream.auditor"),
        needs=(TOPICS,),
        ports=(_claim(settings, "auditor_port"),),
        ready=partial(probes.http_answers, url),
        # It reads all that was written while it was away.
        ready_within_s=180,
        hint=f"It serves port {settings.auditor_port}: {variable('auditor_port')}.",
    )


def _web(settings: Settings, name: str = WEB, app: str = "") -> Process:
    url = f"http://{LOOPBACK}:{settings.http_port}/readyz"
    socket = settings.http_socket.replace("{process}", name)
    return Process(
        name=name,
        command=(
            *(sys.executable, "-m", "compose.web.server"),
            *([app] if app else []),
        ),
        needs=(TOPICS, MAIN),
        ports=(_open_claim(settings, "http_port"),),
        environment={variable("http_socket"): socket} if socket else {},
        ready=partial(probes.http_answers, url),
        stop_within_s=6,
        hint=f"It serves port {settings.http_port}: {variable('http_port')}.",
    )


def _scaler() -> Process:
    return Process(
        name=SCALER,
        command=(sys.executable, "-m", "compose.scaling"),
        needs=(BRIDGE, WEB),
        # It only looks at the others, and nobody needs it.
        ready=lambda: True,
    )


def _mosquitto(settings: Settings, name: str) -> tuple[str, ...]:
    program = find_program("mosquitto") or "mosquitto"
    return (program, "-c", str(brokers.config_path(settings, name)))


def _by_hand(settings: Settings, name: str) -> str:
    command = " ".join(_mosquitto(settings, name))
    return f"What it minds, by hand: {command} -v"


def _claim(settings: Settings, name: str, offset: int = 0) -> PortClaim:
    port: int = getattr(settings, name) + offset
    return PortClaim(port, variable(name))


def _open_claim(settings: Settings, name: str, offset: int = 0) -> PortClaim:
    """Return the claim to a port that the public host opens to a network."""
    return replace(_claim(settings, name, offset), host=settings.public_host)
