"""Everything ingest counts. A metric that is not here does not exist."""

from collections.abc import Iterable
from pathlib import Path

from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

BATCHES = Counter(
    "ingest_batches_total",
    "Batches by outcome: stored; not_stored (Kafka away or its queue full); unknown "
    "(handed to Kafka, no answer in time). Anything but stored growing: senders "
    "repeat, look at Kafka.",
    ["outcome"],
)
REACTIONS_ACCEPTED = Counter(
    "ingest_reactions_accepted_total",
    "Reactions that Kafka has. Flat during an event: nobody reaches us, or nothing is "
    "stored.",
)
REACTIONS_REJECTED = Counter(
    "ingest_reactions_rejected_total",
    "Reactions left out of a batch, by reason. A jump: a sender's new version.",
    ["reason"],
)
REFUSED = Counter(
    "ingest_refused_total",
    "Requests not done, by the label in their answer. Growing internal: our fault; "
    "growing bad_...: a sender's.",
    ["error"],
)
STORE_SECONDS = Histogram(
    "ingest_store_seconds",
    "From a batch handed to Kafka until its acknowledgement. The most of it beyond "
    "the producer's linger time: Kafka or its disk is slow.",
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 4),
)
INTAKE_FAILURES = Counter(
    "ingest_intake_failures_total",
    "Times that Kafka did not take a worker's word for the ledger; it is said again "
    "each second. Growing: look at Kafka; the ledger gets it later.",
)
STATES_UNREADABLE = Counter(
    "ingest_states_unreadable_total",
    "Records of rooms' states passed over. Not zero: something else writes there.",
)
STATES_UP = Gauge(
    "ingest_states_up",
    "Workers that hear what hosts change. Fewer than there are workers: the others go "
    "by what they knew.",
    multiprocess_mode="livesum",
)
KAFKA_AWAY = Gauge(
    "ingest_kafka_away",
    "Workers that refuse batches because they know Kafka to be away. Above 0: "
    "nothing is stored.",
    multiprocess_mode="livesum",
)


class _Workers(Collector):
    """What all workers of a server counted, in the files that they share."""

    def __init__(self, shared_dir: Path) -> None:
        self._shared_dir = shared_dir

    def collect(self) -> Iterable[Metric]:
        files = [str(file) for file in self._shared_dir.glob("*.db") if _begun(file)]
        return MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call,no-any-return]


def _begun(file: Path) -> bool:
    """Whether a worker has written there.

    Its file is empty while it is being made, and for ever if it was killed then:
    the library cannot read that, and nobody would see the other workers' counts.
    """
    try:
        return file.stat().st_size > 0
    except FileNotFoundError:
        return False  # what only a living worker shows: it has just ended


def exposition(shared_dir: str | None) -> bytes:
    """Return all metrics as Prometheus reads them.

    Args:
        shared_dir: Where the workers of a server keep theirs together (what
            `PROMETHEUS_MULTIPROC_DIR` said when they started); None for one worker.
    """
    if shared_dir is None:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    registry.register(_Workers(Path(shared_dir)))
    return generate_latest(registry)
