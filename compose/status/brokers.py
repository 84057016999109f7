"""What the brokers show: main to the operator, each cluster's to any viewer."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from bridge.rooms import TimedStamp
from clients.worker.wire import BadMessage, WorkerStatus
from compose.brokers import (
    cluster_names,
    main_is_at,
    worker_names,
    worker_process,
)
from compose.credentials import Credentials
from compose.mqtt_reader import BrokerRefused, Login, read
from compose.settings import Settings
from compose.status.facts import ClusterFacts, MainFacts, WorkerFacts
from mosquitto.acl import OPERATOR
from mosquitto.topic import (
    ANY,
    CONTROL_PULSE,
    cluster_link,
    room_frame,
    room_of,
    worker_status,
)
from stream.frame import BadFrame, Pulse

_ANSWER_WITHIN_S = 2.0

_PULSE_WITHIN_S = 6.5
"""A viewer calls a room stale without a pulse for six seconds; nor do we sooner."""


@dataclass(frozen=True, slots=True)
class SeenAtMain:
    """What the main broker shows the operator."""

    main: MainFacts
    links: Mapping[str, bool]
    """By the clusters' names; none if main could not be asked."""

    workers: tuple[WorkerFacts, ...]


def look_at_main(settings: Settings) -> SeenAtMain:
    """Ask the main broker, as the operator, for the clusters and their workers."""
    topics = [cluster_link(ANY), worker_status(ANY, ANY)]
    came: Mapping[str, bytes] = {}
    links: dict[str, bool] = {}
    problem = None
    try:
        credentials = Credentials.load(settings.state_dir)
        login = Login(OPERATOR, credentials.passwords[OPERATOR])
        came = read(
            settings.main_port,
            topics,
            login=login,
            within_s=_ANSWER_WITHIN_S,
            host=main_is_at(settings),
        )
        for name in cluster_names(settings):
            links[name] = came.get(cluster_link(name)) == b"1"
    except BrokerRefused as error:
        problem = str(error)
    except (OSError, ValueError, KeyError) as error:
        problem = f"the credentials cannot be read: {error!r}"
    workers = worker_facts(settings, came, time.time_ns() // 1_000_000)
    return SeenAtMain(MainFacts(problem=problem), links, workers)


def worker_facts(
    settings: Settings, came: Mapping[str, bytes], now_ms: int
) -> tuple[WorkerFacts, ...]:
    """Say of each worker that should run what it said last.

    Args:
        settings: Name the clusters and their workers.
        came: The newest message of each topic of the main broker.
        now_ms: When they came.
    """
    return tuple(
        _worker(cluster, worker, came.get(worker_status(cluster, worker)), now_ms)
        for cluster in cluster_names(settings)
        for worker in worker_names(settings)
    )


def _worker(cluster: str, worker: str, raw: bytes | None, now_ms: int) -> WorkerFacts:
    silent = WorkerFacts(name=worker_process(cluster, worker), cluster=cluster)
    try:
        said = WorkerStatus.decode(raw) if raw else None
    except BadMessage:
        said = None
    if said is None:
        return silent
    return replace(
        silent,
        status_age_s=_age_s(said.at_ms, now_ms),
        slots=len(said.slots),
        members=said.members,
        rooms=said.rooms_in_all,
        capacity=said.capacity,
        counts=said.counts,
    )


@dataclass(frozen=True, slots=True)
class Watched:
    """What a viewer had got, and when that was."""

    newest: Mapping[str, bytes]
    """The newest message of each topic."""

    at_ms: int


def watch_cluster(host: str, port: int) -> Watched:
    """Watch a cluster's broker as an anonymous viewer, until a pulse has come.

    Raises:
        BrokerRefused: If it takes no viewers.
    """
    came = read(
        port,
        [room_frame(ANY), CONTROL_PULSE],
        within_s=_PULSE_WITHIN_S,
        until=lambda received: CONTROL_PULSE in received,
        linger=True,
        host=host,
    )
    return Watched(came, time.time_ns() // 1_000_000)


def cluster_facts(
    name: str, watch: Callable[[], Watched], *, is_linked: bool | None
) -> ClusterFacts:
    """Say how old is what came from a cluster's broker.

    Args:
        name: The cluster's.
        watch: Returns what `watch_cluster` returned, or raises what it raised.
        is_linked: What the main broker knows of it.
    """
    try:
        seen = watch()
    except BrokerRefused as error:
        return ClusterFacts(name=name, problem=str(error), is_linked=is_linked)
    every = [_made_ms(topic, raw) for topic, raw in seen.newest.items()]
    made_ms = max((one for one in every if one is not None), default=None)
    sent_ms = _sent_ms(seen.newest.get(CONTROL_PULSE))
    return ClusterFacts(
        name=name,
        problem=None,
        is_linked=is_linked,
        last_frame_made_ms=made_ms,
        last_frame_age_s=_age_s(made_ms, seen.at_ms),
        last_pulse_age_s=_age_s(sent_ms, seen.at_ms),
    )


def _age_s(moment_ms: int | None, now_ms: int) -> float | None:
    return None if moment_ms is None else max(0, now_ms - moment_ms) / 1000


def _made_ms(topic: str, raw: bytes) -> int | None:
    if room_of(topic) is None:
        return None
    try:
        return TimedStamp.decode(raw).times.made_ms
    except BadFrame:
        return None


def _sent_ms(raw: bytes | None) -> int | None:
    try:
        return Pulse.decode(raw).sent_ms if raw else None
    except BadFrame:
        return None
