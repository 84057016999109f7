"""A look at the running system: all is asked at once, each within a bounded time."""

import re
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from compose import openness, running
from compose.brokers import cluster_address, cluster_names
from compose.layout import Layout
from compose.scaling import drains
from compose.settings import BadSetting, Settings
from compose.status import auditor, metrics, usage
from compose.status import brokers as status_brokers
from compose.status import kafka as status_kafka
from compose.status.auditor_facts import AuditorFacts
from compose.status.brokers import SeenAtMain, Watched, cluster_facts
from compose.status.facts import (
    KafkaFacts,
    OpenFacts,
    ProcessFacts,
    Running,
    Status,
    WebFacts,
)
from compose.status.metrics import bridge_facts, stream_facts
from compose.status.scrape import Metrics, scrape
from compose.status.usage import Usage
from compose.supervision import orphans, restarts
from compose.supervision.restarts import Restarts
from compose.supervision.rpc import REVIVER, NoSupervisor, ProcessInfo, Supervisor
from compose.topology import AUDITOR, BRIDGE, STREAM

_USAGE_OVER_S = 1.0
"""Long enough for CPU time, which the system counts in hundredths of a second."""

_NUMBER = re.compile(r"\d+")

_BESIDE_CLUSTERS = 7
"""What is asked beside the clusters' brokers, each in a thread of its own."""


def look(chosen: Settings) -> Status:
    """Say how the system of these settings is; takes one to eleven seconds.

    What runs on this machine has noted what it runs with; a container is told.
    """
    layout = Layout(chosen.state_dir)
    now_ms = time.time_ns() // 1_000_000
    seen = Status(at_ms=now_ms, running=Running.SUPERVISED)
    if chosen.is_contained:
        return _hops(chosen, replace(seen, running=Running.CONTAINED))
    try:
        known = _in_order(Supervisor(layout.socket))
    except NoSupervisor:
        known, left = [], orphans.find(layout.root)
        if not left:
            return replace(seen, running=Running.NOT)
        seen = replace(seen, running=Running.UNSUPERVISED, left_over=len(left))
    processes, problem = _described(known, layout)
    seen = replace(
        seen,
        processes=processes,
        problem=problem,
        reviver_look_age_s=_look_age_s(layout),
    )
    try:
        settings = running.noted(layout)
    except running.NothingNoted as error:
        return replace(seen, problem=str(error))
    drained = {name: one.word for name, one in drains.read(layout).items()}
    seen = replace(seen, drains=drained, open=_opened(settings))
    return _hops(settings, seen)


def _in_order(supervisor: Supervisor) -> list[ProcessInfo]:
    """Return all processes in the order of need, `cluster-10` after `cluster-9`.

    The reviver comes last: nothing needs it but to go on.
    """
    priorities = supervisor.priorities()

    def place(process: ProcessInfo) -> tuple[float, list[int], str]:
        if process.name == REVIVER:
            return (float("inf"), [], "")
        numbers = [int(number) for number in _NUMBER.findall(process.name)]
        return (priorities.get(process.name, float("inf")), numbers, process.name)

    return sorted(supervisor.processes().values(), key=place)


def _hops(settings: Settings, seen: Status) -> Status:
    """Return what was seen, with all hops and what the processes use."""
    with ThreadPoolExecutor(_BESIDE_CLUSTERS + settings.clusters) as pool:
        answers = _ask(settings, seen.processes, pool)
    return _with_hops(answers, seen)  # all are there: the pool has waited


@dataclass(frozen=True, slots=True)
class _Answers:
    """What is being asked, side by side."""

    used: Future[dict[int, Usage]]
    kafka: Future[KafkaFacts]
    main: Future[SeenAtMain]
    web: Future[WebFacts]
    stream: Future[Metrics]
    bridge: Future[Metrics]
    auditor: Future[AuditorFacts]
    clusters: Mapping[str, Future[Watched]]


def _ask(
    settings: Settings, processes: Iterable[ProcessFacts], pool: Executor
) -> _Answers:
    pids = [process.pid for process in processes if process.pid]
    watched = drains.open_of(cluster_names(settings), Layout(settings.state_dir))
    host_of = settings.host_of
    return _Answers(
        used=pool.submit(usage.watch, pids, for_s=_USAGE_OVER_S),
        kafka=pool.submit(status_kafka.look, settings),
        main=pool.submit(status_brokers.look_at_main, settings),
        web=pool.submit(metrics.look_at_web, settings),
        stream=pool.submit(scrape, settings.stream_metrics_port, host_of(STREAM)),
        bridge=pool.submit(scrape, settings.bridge_metrics_port, host_of(BRIDGE)),
        auditor=pool.submit(auditor.look, settings.auditor_port, host_of(AUDITOR)),
        clusters={
            name: pool.submit(
                status_brokers.watch_cluster, *cluster_address(settings, name)
            )
            for name in watched
        },
    )


def _with_hops(answers: _Answers, seen: Status) -> Status:
    seen_at_main = answers.main.result()
    used = answers.used.result()
    return replace(
        seen,
        processes=tuple(_with_usage(process, used) for process in seen.processes),
        kafka=answers.kafka.result(),
        main=seen_at_main.main,
        web=answers.web.result(),
        stream=stream_facts(answers.stream.result),
        bridge=bridge_facts(answers.bridge.result),
        auditor=answers.auditor.result(),
        clusters=tuple(
            cluster_facts(name, watch.result, is_linked=seen_at_main.links.get(name))
            for name, watch in answers.clusters.items()
        ),
        workers=seen_at_main.workers,
    )


def _opened(settings: Settings) -> OpenFacts | None:
    """Say what is open to a network, as far as the host still is one of ours."""
    host = settings.public_host
    if not host:
        return None
    try:
        openings = openness.openings(settings)
    except BadSetting as error:
        return OpenFacts(host=host, problem=str(error))
    return OpenFacts(host=host, where=tuple(one.where for one in openings))


def _look_age_s(layout: Layout) -> float | None:
    looked_at_s = restarts.looked_at_s(layout)
    return None if looked_at_s is None else max(0.0, time.time() - looked_at_s)


def _described(
    known: Iterable[ProcessInfo], layout: Layout
) -> tuple[tuple[ProcessFacts, ...], str | None]:
    """Describe what supervisord knows, and say what could not be read for it."""
    try:
        restarted, problem = restarts.read(layout), None
    except restarts.BadRestarts as error:
        restarted, problem = None, str(error)
    now_s = time.time()
    return tuple(_process(info, restarted, now_s) for info in known), problem


def _process(
    info: ProcessInfo, restarted: Mapping[str, Restarts] | None, now_s: float
) -> ProcessFacts:
    times = restarted.get(info.name, restarts.NONE) if restarted is not None else None
    return ProcessFacts(
        name=info.name,
        state=info.state,
        pid=info.pid or None,
        started_at_ms=info.started_at * 1000 if info.pid else None,
        running_s=max(0, now_s - info.started_at) if info.pid else None,
        restarts=times.count if times else None,
        last_restart_reason=(times.last_reason if times else "") or None,
        memory_bytes=None,
        cpu_cores=None,
    )


def _with_usage(process: ProcessFacts, used: Mapping[int, Usage]) -> ProcessFacts:
    found = used.get(process.pid) if process.pid else None
    if found is None:
        return process
    return replace(process, memory_bytes=found.memory_bytes, cpu_cores=found.cpu_cores)
