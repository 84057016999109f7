"""Our own Kafka: one node, broker and controller in one JVM, on loopback by default.

Renders what it reads and spells its command lines; starting, stopping and
creating topics is left to the caller.
"""

from pathlib import Path

from compose.settings import LOOPBACK
from stream import class_sharing

DEDUPE_BUFFER_BYTES = 16 * 1024 * 1024
"""The log cleaner's map, taken from the heap at start: some 600,000 keys."""

LOG4J2_PROPERTIES = """\
# One event a line, time first and in UTC, to stdout.
status = warn
shutdownHook = disable
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{yyyy-MM-dd'T'HH:mm:ss.SSS}{UTC}Z %p %c{1} %m%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
# When it started and what becomes of its data; not each part's inner life.
logger.start.name = kafka.server.KafkaRaftServer
logger.start.level = info
logger.data.name = kafka.log
logger.data.level = info
logger.storage.name = org.apache.kafka.storage
logger.storage.level = info
"""
"""Kafka's log4j2 configuration."""


def server_properties(
    *,
    port: int,
    controller_port: int,
    data_dir: Path,
    address: str = LOOPBACK,
    advertised: str = LOOPBACK,
) -> str:
    """Return the node's `server.properties`.

    Args:
        port: Where clients connect.
        controller_port: Where the node talks to its own controller.
        data_dir: Where the log of every topic is kept.
        address: Where it listens for clients.
        advertised: The host by which clients find it.
    """
    values = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@{LOOPBACK}:{controller_port}",
        "listeners": f"PLAINTEXT://{address}:{port},"
        f"CONTROLLER://{LOOPBACK}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{advertised}:{port}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": data_dir,
        # A topic is made as its owner describes it, or not at all.
        "auto.create.topics.enable": "false",
        # One node has one replica of everything.
        "default.replication.factor": 1,
        "offsets.topic.replication.factor": 1,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        # A handful of groups and one transactional id: no need for 50 of each.
        "offsets.topic.num.partitions": 1,
        "transaction.state.log.num.partitions": 1,
        # How soon a node that was killed may come back: 9 s by default.
        "broker.session.timeout.ms": 2_000,
        "broker.heartbeat.interval.ms": 500,
        # A lone member need not wait for others to join its group.
        "group.initial.rebalance.delay.ms": 0,
        # The size limit of `reactions` protects the disk: look at it often.
        "log.retention.check.interval.ms": 30_000,
        "log.cleaner.dedupe.buffer.size": DEDUPE_BUFFER_BYTES,
    }
    return "".join(f"{name}={value}\n" for name, value in values.items())


def format_command(jars_dir: Path, properties: Path, cluster_id: str) -> list[str]:
    """Spell the command that prepares an empty data folder; a full one is left.

    Args:
        jars_dir: Kafka's jars.
        properties: What `server_properties` returned, as a file.
        cluster_id: The installation's, see `compose.credentials`.
    """
    tool = ["kafka.tools.StorageTool", "format", "--ignore-formatted"]
    return [*_java(jars_dir, 128), *tool, "-t", cluster_id, "-c", str(properties)]


def start_command(
    jars_dir: Path,
    properties: Path,
    log4j2: Path,
    *,
    heap_mb: int,
    note_classes_to: Path | None = None,
) -> list[str]:
    """Spell the command that runs the node until SIGTERM.

    Args:
        jars_dir: Kafka's jars.
        properties: What `server_properties` returned, as a file.
        log4j2: `LOG4J2_PROPERTIES`, as a file.
        heap_mb: Most memory that the JVM may use as heap.
        note_classes_to: Where to note the classes it loads, at its end.
    """
    java = _java(jars_dir, heap_mb, note_classes_to)
    logging = f"-Dlog4j2.configurationFile={log4j2}"
    return [*java, logging, "kafka.Kafka", str(properties)]


def _java(
    jars_dir: Path, heap_mb: int, note_classes_to: Path | None = None
) -> list[str]:
    # Out of memory it must end, so that it is seen and started again.
    options = [f"-Xmx{heap_mb}m", "-XX:+ExitOnOutOfMemoryError"]
    sharing = class_sharing.options(jars_dir, note_classes_to)
    return ["java", *options, *sharing, "-cp", str(jars_dir / "*")]
