"""Facts of a system in which all is well, to be spoilt by tests."""

from dataclasses import replace

from compose.status.auditor_facts import AuditorFacts
from compose.status.facts import (
    BridgeFacts,
    ClusterFacts,
    KafkaFacts,
    Lag,
    MainFacts,
    ProcessFacts,
    Running,
    Status,
    StreamFacts,
    WebFacts,
    WorkerFacts,
)
from compose.supervision.rpc import State

NAMES = (
    *("kafka", "mosquitto-main", "web", "stream", "bridge", "auditor"),
    *("cluster-1", "cluster-1-worker-1", "reviver"),
)
OLD_S = 3600.0


def process(
    name: str,
    state: State = State.RUNNING,
    *,
    running_s: float = OLD_S,
    restarts: int = 0,
    reason: str | None = None,
) -> ProcessFacts:
    is_up = state in {State.RUNNING, State.STARTING}
    return ProcessFacts(
        name=name,
        state=state,
        pid=4711 if is_up else None,
        started_at_ms=1_795_226_378_000 if is_up else None,
        running_s=running_s if is_up else None,
        restarts=restarts,
        last_restart_reason=reason,
        memory_bytes=100 * 1024**2 if is_up else None,
        cpu_cores=0.25 if is_up else None,
    )


def lag(records: int = 0, behind_s: float | None = 0.0, lost: int = 0) -> Lag:
    return Lag(records=records, behind_s=behind_s, lost_records=lost)


WELL = Status(
    at_ms=1_795_226_378_000,
    running=Running.SUPERVISED,
    processes=tuple(process(name) for name in NAMES),
    reviver_look_age_s=2.0,
    kafka=KafkaFacts(problem=None, stream_lag=lag(), bridge_lag=lag()),
    main=MainFacts(problem=None),
    web=WebFacts(problem=None, workers=2, workers_at_main=2),
    stream=StreamFacts(
        problem=None,
        triggers=100,
        last_trigger_s=0.3,
        last_trigger_age_s=12.0,
        rows_dropped={"count": 0, "dedupe": 0},
        frames=50,
        last_frame_made_ms=1_795_226_366_000,
        last_frame_age_s=12.0,
        last_pulse_age_s=1.5,
        rejects=7,
        rejects_failures=1,
        is_looking_for_rejects=True,
    ),
    bridge=BridgeFacts(
        problem=None,
        is_main_up=True,
        is_kafka_up=True,
        frames=50,
        frames_overtaken=3,
        frames_replayed=0,
        frames_refused=0,
        records_unreadable=0,
    ),
    auditor=AuditorFacts(
        problem=None,
        behind_s=0.4,
        rooms_wrong=0,
        difference=0,
        unread_lost=0,
    ),
    clusters=(
        ClusterFacts(
            name="cluster-1",
            problem=None,
            is_linked=True,
            last_frame_made_ms=1_795_226_366_000,
            last_frame_age_s=12.0,
            last_pulse_age_s=0.1,
        ),
    ),
    workers=(
        WorkerFacts(
            name="cluster-1-worker-1",
            cluster="cluster-1",
            status_age_s=0.5,
            slots=64,
            members=1200,
            rooms=3,
            capacity=10_000,
            counts={"relayed": 99},
        ),
    ),
)
"""All is well."""

STREAM = WELL.stream or StreamFacts(problem=None)
BRIDGE = WELL.bridge or BridgeFacts(problem=None)
AUDITOR = WELL.auditor or AuditorFacts(problem=None)
KAFKA = WELL.kafka or KafkaFacts(problem=None)
(CLUSTER,) = WELL.clusters
(WORKER,) = WELL.workers


def with_process(status: Status, changed: ProcessFacts) -> Status:
    """Return the status with one process as it is given."""
    others = [one for one in status.processes if one.name != changed.name]
    return replace(status, processes=(*others, changed))
