"""What the settings ask of the machine: ports, memory, disk. Pure.

It works where the parts themselves cannot be imported; that it agrees with
`compose.topology` is tested.
"""

from compose.brokers import cluster_names
from compose.logs import LOG_BACKUPS, LOG_MAX_BYTES
from compose.processes import PortClaim
from compose.settings import Settings, variable

_MIB = 1024**2

KAFKA_BESIDE_HEAP_BYTES = 200 * _MIB
SPARK_BESIDE_HEAP_BYTES = 400 * _MIB
"""The driver's Python among it."""

WEB_BYTES = 50 * _MIB
WEB_WORKER_BYTES = 70 * _MIB
BROKER_BYTES = 16 * _MIB
WORKER_BYTES = 50 * _MIB
BRIDGE_BYTES = 60 * _MIB
AUDITOR_BYTES = 70 * _MIB
RUNNER_BYTES = 60 * _MIB
"""What a process was seen to use, and a little more; a broker's viewers beside it."""

SEGMENT_BYTES = 1024 * _MIB
"""Kafka deletes whole segments: each partition may have one more than its limit."""

COMPACTED_BYTES = 512 * _MIB
"""Frames and rooms, and the stream's checkpoint."""

_OPEN = ("http_port", "cluster_ws_port")
"""What the public host opens to a network."""

LEDGER_BYTES = 256 * _MIB
"""The auditor's books, and what ingest tells it."""


def at_most(settings: Settings, runs_with: Settings | None) -> Settings:
    """Return the settings with as many clusters and workers as may come to run.

    Args:
        settings: As they were chosen.
        runs_with: What a system runs with that they describe, if one does: what was
            scaled by hand is in it.
    """
    clusters, workers = {settings.clusters}, {settings.workers}
    if runs_with:
        clusters.add(runs_with.clusters)
        workers.add(runs_with.workers)
    for one in (settings, runs_with or settings):
        if one.auto_scale:
            clusters.add(one.clusters_max)
            workers.add(one.workers_max)
    return settings.model_copy(
        update={"clusters": max(clusters), "workers": max(workers)}
    )


def port_claims(settings: Settings) -> list[tuple[str, PortClaim]]:
    """Return who will listen on which port."""
    single = {"main_port": "mosquitto-main", "http_port": "web"}
    single |= {"stream_metrics_port": "stream", "bridge_metrics_port": "bridge"}
    single |= {"auditor_port": "auditor"}
    if not settings.kafka_servers:
        single |= {"kafka_port": "kafka", "kafka_controller_port": "kafka"}
    claims = [(process, _claim(settings, name, 0)) for name, process in single.items()]
    return claims + [
        (cluster, _claim(settings, name, index))
        for index, cluster in enumerate(cluster_names(settings))
        for name in ("cluster_port", "cluster_ws_port")
    ]


def memory_needed_bytes(settings: Settings) -> int:
    """Return how much memory the processes use at most, their viewers aside."""
    kafka = settings.kafka_heap_mb * _MIB + KAFKA_BESIDE_HEAP_BYTES
    spark = settings.spark_driver_memory_mb * _MIB + SPARK_BESIDE_HEAP_BYTES
    web = WEB_BYTES + settings.web_workers * WEB_WORKER_BYTES
    brokers = (1 + settings.clusters) * BROKER_BYTES
    workers = settings.clusters * settings.workers * WORKER_BYTES
    return (
        (0 if settings.kafka_servers else kafka)
        + spark
        + web
        + brokers
        + workers
        + BRIDGE_BYTES
        + AUDITOR_BYTES
        + RUNNER_BYTES
    )


def disk_needed_bytes(settings: Settings) -> int:
    """Return how much is kept on disk at most."""
    log_files = len({process for process, _ in port_claims(settings)}) + 2
    log_files += settings.clusters * settings.workers
    logs = log_files * (1 + LOG_BACKUPS) * LOG_MAX_BYTES
    small = COMPACTED_BYTES + LEDGER_BYTES
    if settings.kafka_servers:
        return logs + small
    segments = settings.reactions_partitions * SEGMENT_BYTES
    return logs + small + settings.reactions_retention_bytes + segments


def _claim(settings: Settings, name: str, offset: int) -> PortClaim:
    port: int = getattr(settings, name)
    host = settings.public_host if name in _OPEN else ""
    return PortClaim(port + offset, variable(name), host)
