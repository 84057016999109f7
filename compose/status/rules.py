"""The rules by which a system is judged, part by part, in the order of need."""

from collections import Counter
from collections.abc import Iterator

from compose.containers.place import NGINX
from compose.errors import NOT_RUNNING
from compose.settings import variable
from compose.status import flow_rules as flow
from compose.status.facts import ClusterFacts, Running, Status, WebFacts
from compose.status.flow_rules import PULSE_AGE_MAX_S
from compose.status.verdict import (
    Finding,
    Rule,
    is_down,
    not_running,
    operated_by,
    started_by,
)
from compose.supervision.rpc import REVIVER
from compose.topology import AUDITOR, BRIDGE, INGEST, KAFKA, MAIN, STREAM, WEB

FRAME_GAP_MAX_S = 6.0
"""How much older than the stream's newest frame a cluster's may be."""

WORKER_SILENT_MAX_S = 6.0
"""It says something every second; its peers take over after three."""

LOOK_AGE_MAX_S = 20.0
"""The reviver looks every five seconds; it may have to ask a slow supervisord twice."""

DRAINED = "drained"
"""What a cluster is called that is stopped on purpose: no fault."""

SUPERVISORD = "supervisord"

_UPSTREAM = (KAFKA, MAIN, STREAM, BRIDGE)
"""What has to work for a cluster to get a frame or a pulse."""


def _supervisor(status: Status) -> Iterator[Finding]:
    if status.running is Running.NOT:
        text = NOT_RUNNING
        yield Finding(part=SUPERVISORD, problem="not_running", text=text)
    if status.running is Running.UNSUPERVISED:
        text = f"supervisord does not answer, and {status.left_over} processes run that"
        text += " nothing revives: `emostream up` starts all anew."
        yield Finding(part=SUPERVISORD, problem="no_supervisor", text=text)
    if status.problem:
        text = f"{status.problem}."
        yield Finding(part=SUPERVISORD, problem="cannot_look", text=text)


def _kafka(status: Status) -> Iterator[Finding]:
    yield from not_running(status.process(KAFKA))
    kafka = status.kafka
    if kafka is None or is_down(status, KAFKA):
        return
    if kafka.problem:
        text = f"Kafka does not answer: {kafka.problem}."
        yield Finding(part=KAFKA, problem="no_answer", text=text)
    for topic in kafka.missing_topics:
        text = f"Kafka has no topic {topic}: `{started_by(status)}` makes it."
        yield Finding(part=KAFKA, problem="topic_missing", text=text)


def _main(status: Status) -> Iterator[Finding]:
    yield from not_running(status.process(MAIN))
    if status.main and status.main.problem and not is_down(status, MAIN):
        text = f"The main broker does not serve the operator: {status.main.problem}."
        yield Finding(part=MAIN, problem="no_answer", text=text)


def _web(status: Status) -> Iterator[Finding]:
    yield from not_running(status.process(WEB))
    web = status.web
    if web is None or is_down(status, WEB):
        return
    is_contained = status.running is Running.CONTAINED
    if web.problem:
        part = INGEST if is_contained else WEB
        text = f"{part} cannot take reactions: {web.problem}."
        yield Finding(part=part, problem="not_ready", text=text, may_come_of=(KAFKA,))
    if web.proxy_problem:
        text = f"Nobody gets through {NGINX}: {web.proxy_problem}."
        yield Finding(part=NGINX, problem="no_answer", text=text)
    if is_contained or not web.problem or web.workers_at_main is not None:
        yield from _web_reads(web, operated_by(status))


def _web_reads(web: WebFacts, by: str) -> Iterator[Finding]:
    """Tell whether frames can be read over HTTP: each worker reads for itself."""
    workers, at_main = web.workers, web.workers_at_main
    if at_main is None:
        text = "web does not show its metrics: whether frames can be read is not known."
        yield Finding(part=WEB, problem="no_metrics", text=text)
    elif workers and at_main < workers:
        text = f"web reads no frames: {at_main} of {workers} workers reach the main"
        text += f" broker; `{by} logs {WEB}` says why. Reactions are taken."
        yield Finding(part=WEB, problem="no_main", text=text, may_come_of=(MAIN,))


def _clusters(status: Status) -> Iterator[Finding]:
    for cluster in status.clusters:
        yield from not_running(status.process(cluster.name))
        if not is_down(status, cluster.name):
            yield from _cluster(cluster, status)


def _cluster(cluster: ClusterFacts, status: Status) -> Iterator[Finding]:
    name, age_s = cluster.name, cluster.last_pulse_age_s
    if cluster.problem:
        text = f"{name} takes no viewers: {cluster.problem}."
        yield Finding(part=name, problem="no_answer", text=text)
    elif cluster.is_linked is False:
        text = f"{name} is not linked to the main broker: it gets no frames."
        yield Finding(part=name, problem="no_link", text=text, may_come_of=(MAIN,))
    elif age_s is None or age_s > PULSE_AGE_MAX_S:
        text = f"No pulse reaches {name}: its viewers are told that all is stale."
        yield Finding(part=name, problem="no_pulse", text=text, may_come_of=_UPSTREAM)
    elif gap_s := _frame_gap_s(cluster, status):
        text = f"{name} shows a frame that is {gap_s:.0f} s older than the newest."
        yield Finding(part=name, problem="old_frame", text=text, may_come_of=_UPSTREAM)


def _frame_gap_s(cluster: ClusterFacts, status: Status) -> float | None:
    """Return how much older its newest frame is than the stream's, if too much."""
    newest_ms = status.stream.last_frame_made_ms if status.stream else None
    if newest_ms is None or cluster.last_frame_made_ms is None:
        return None
    gap_s = (newest_ms - cluster.last_frame_made_ms) / 1000
    return gap_s if gap_s > FRAME_GAP_MAX_S else None


def _workers(status: Status) -> Iterator[Finding]:
    for worker in status.workers:
        if status.drain_of(worker.name) == DRAINED:
            continue
        above = (worker.cluster, MAIN)
        yield from not_running(status.process(worker.name), may_come_of=above)
        if is_down(status, worker.name):
            continue
        age_s = worker.status_age_s
        if age_s is None or age_s > WORKER_SILENT_MAX_S:
            said = "nothing yet" if age_s is None else f"nothing for {age_s:.0f} s"
            text = f"{worker.name} has said {said}: others serve its clients, if any"
            text += f" live; `{operated_by(status)} logs {worker.name}` may say why."
            yield Finding(
                part=worker.name, problem="silent", text=text, may_come_of=above
            )
    yield from _room_left(status)


def _room_left(status: Status) -> Iterator[Finding]:
    """Tell whether any cluster takes one more client."""
    members: Counter[str] = Counter()
    capacities: dict[str, int] = {}
    for worker in status.workers:
        if worker.cluster in status.drains:
            continue
        members[worker.cluster] += worker.members or 0
        if worker.capacity is not None:
            capacities[worker.cluster] = worker.capacity
    if capacities and all(members[name] >= most for name, most in capacities.items()):
        text = f"Every cluster is full, {members.total():,} members in all: who comes"
        text += f" is refused. {_room_by(status)}"
        text += f" makes room, or a higher {variable('cluster_capacity')}."
        yield Finding(part=WEB, problem="full", text=text, passes=False)


def _room_by(status: Status) -> str:
    """Name what makes room while the system runs."""
    if status.running is Running.CONTAINED:
        return "A Compose file with more clusters"
    closed = next(iter(sorted(status.drains)), None)
    return f"`emostream undrain {closed}`" if closed else "`emostream scale --clusters`"


def _others(status: Status) -> Iterator[Finding]:
    """Tell of processes that stand in no hop: helpers of the runner."""
    edge = {one.name for one in status.clusters} | {one.name for one in status.workers}
    edge |= status.drains.keys()
    hops = {KAFKA, MAIN, WEB, STREAM, BRIDGE, AUDITOR} | edge
    for process in status.processes:
        if process.name not in hops:
            yield from not_running(process)


def _reviver(status: Status) -> Iterator[Finding]:
    """Tell whether the reviver, which runs, also looks for what has ended."""
    process = status.process(REVIVER)
    if process is None or process.pid is None or is_down(status, REVIVER):
        return
    # One that has just started has not looked in its predecessor's time.
    ages_s = (status.reviver_look_age_s, process.running_s)
    age_s = min((one for one in ages_s if one is not None), default=0.0)
    if age_s > LOOK_AGE_MAX_S:
        text = f"reviver has not looked for {age_s:.0f} s: nothing that ends is started"
        text += f" again. `kill -9 {process.pid}` has supervisord start another one."
        yield Finding(part=REVIVER, problem="hangs", text=text)


def _network(status: Status) -> Iterator[Finding]:
    """Tell whether phones still find what was opened to them."""
    if status.open and status.open.problem:
        text = f"Nobody can come from the network: {status.open.problem}"
        text += " `emostream down` and `up` with another one open it there."
        yield Finding(part=WEB, problem="host_gone", text=text, passes=False)


RULES: tuple[Rule, ...] = (
    _supervisor,
    _kafka,
    _main,
    _web,
    flow.stream,
    flow.bridge,
    flow.auditor,
    _clusters,
    _workers,
    _others,
    _reviver,
    _network,
)
"""In the order of need."""
