"""How the running system is, as facts: what a look at it saw, and no judgement.

The fields of these types are also the document that `status --json` prints, so
names carry their units and None is "could not be seen". `look` fills them in, `rules`
judges them, `table` shows them.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from compose.status.auditor_facts import AuditorFacts
from compose.supervision.rpc import State


class Running(enum.StrEnum):
    """Whether there is a system, and somebody who looks after it."""

    SUPERVISED = "supervised"
    UNSUPERVISED = "unsupervised"
    """Parts of it run; supervisord does not, or takes no orders."""

    CONTAINED = "contained"
    """Each part is a container: whether it runs is known to who started it."""

    NOT = "not_running"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessFacts:
    """One process, as supervisord and the operating system know it."""

    name: str
    state: State
    pid: int | None
    started_at_ms: int | None
    running_s: float | None
    restarts: int | None
    """Since `up`; the first start is none."""

    last_restart_reason: str | None
    memory_bytes: int | None
    """Of it and all that it started."""

    cpu_cores: float | None
    """Of it and all that it started, on average while the look lasted."""

    @property
    def is_up(self) -> bool:
        """Whether it runs."""
        return self.state in {State.STARTING, State.RUNNING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How far a reader of a Kafka topic is behind the topic's end."""

    records: int
    """Written, and not read yet."""

    behind_s: float | None
    """How long ago the first of these was written; 0 where there are none."""

    lost_records: int = 0
    """Not read, and not kept by Kafka any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaFacts:
    """Kafka, and how far its readers are, measured at its logs.

    Not by asking the readers: so it is right also while one hangs or is gone.
    """

    problem: str | None
    """Why it could not be asked."""

    missing_topics: tuple[str, ...] = ()
    stream_lag: Lag | None = None
    """From the end of `reactions` to where the newest completed trigger ended."""

    bridge_lag: Lag | None = None
    """From the end of `frames` to what the main broker has acknowledged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebFacts:
    """The web server, asked whether it can store reactions and read frames."""

    problem: str | None
    """Why it cannot store, in its own words, or why it could not be asked."""

    workers: int | None = None
    """How many it was started with."""

    workers_at_main: int | None = None
    """Connected to the main broker, which is where they read frames."""

    proxy_problem: str | None = None
    """Why nobody gets to it through its proxy, where it is in containers and well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFacts:
    """What the stream says of itself; counts are since its start."""

    problem: str | None
    """Why it could not be asked."""

    triggers: int | None = None
    last_trigger_s: float | None = None
    """How long the newest completed trigger took."""

    last_trigger_age_s: float | None = None
    """Since it was completed: rises while no reactions come."""

    rows_dropped: Mapping[str, int | None] | None = None
    """By the watermark, at each of the two stateful operators: lost reactions."""

    frames: int | None = None
    last_frame_made_ms: int | None = None
    last_frame_age_s: float | None = None
    last_pulse_age_s: float | None = None
    rejects: int | None = None
    """Records that were not counted as their senders meant."""

    rejects_failures: int | None = None
    """How often the search for them ended by itself."""

    is_looking_for_rejects: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeFacts:
    """What the bridge says of itself; counts are since its start."""

    problem: str | None
    """Why it could not be asked."""

    is_main_up: bool | None = None
    is_kafka_up: bool | None = None
    frames: int | None = None
    """That the main broker acknowledged."""

    frames_overtaken: int | None = None
    """Left out because a newer one of the room came with them: no fault."""

    frames_replayed: int | None = None
    """Left out because they had been sent: the stream repeated a trigger."""

    frames_refused: int | None = None
    """By the main broker."""

    records_unreadable: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MainFacts:
    """The main broker, asked as the operator."""

    problem: str | None
    """Why it could not be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterFacts:
    """A cluster's broker, watched as an anonymous viewer."""

    name: str
    problem: str | None
    """Why it could not be watched."""

    is_linked: bool | None = None
    """Whether the main broker knows it as connected."""

    last_frame_made_ms: int | None = None
    """When the newest frame of any room that it has was made."""

    last_frame_age_s: float | None = None

    last_pulse_age_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerFacts:
    """What a worker said last of itself, as the main broker keeps it."""

    name: str
    """Its process."""

    cluster: str
    status_age_s: float | None = None
    """None: it has said nothing, or took leave."""

    slots: int | None = None
    """Of 64 in each cluster: what it serves."""

    members: int | None = None
    """Registered clients of these slots that joined, and have not left."""

    rooms: int | None = None
    capacity: int | None = None
    """Members that its whole cluster takes."""

    counts: Mapping[str, int] | None = None
    """What happened how often since its start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFacts:
    """What was opened to a network beside loopback."""

    host: str
    """By which the system was told to be reached."""

    where: tuple[str, ...] = ()
    """Addresses that anybody who reaches the host may use."""

    problem: str | None = None
    """Why nobody reaches it there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """All that a look at the system of one state folder saw.

    A hop is None where it was not looked at, because nothing runs.
    """

    at_ms: int
    running: Running
    left_over: int = 0
    """Processes that run without a supervisord."""

    problem: str | None = None
    """Why the hops could not be looked at although something runs."""

    processes: tuple[ProcessFacts, ...] = ()
    reviver_look_age_s: float | None = None
    """Since the reviver looked for what has ended; it does so every few seconds."""

    kafka: KafkaFacts | None = None
    main: MainFacts | None = None
    web: WebFacts | None = None
    stream: StreamFacts | None = None
    bridge: BridgeFacts | None = None
    auditor: AuditorFacts | None = None
    clusters: tuple[ClusterFacts, ...] = ()
    workers: tuple[WorkerFacts, ...] = ()
    drains: Mapping[str, str] = field(default_factory=dict)
    """The clusters that are not open, by name: `draining`, or `drained`, and then it is
    none of `clusters`: nobody can watch it."""

    open: OpenFacts | None = None
    """None where everything listens on loopback alone."""

    def drain_of(self, name: str) -> str | None:
        """Return how far a process' cluster is drained, if it is."""
        clusters = {worker.name: worker.cluster for worker in self.workers}
        return self.drains.get(clusters.get(name, name))

    def process(self, name: str) -> ProcessFacts | None:
        """Return a process of it, if supervisord knows one of that name."""
        return next((one for one in self.processes if one.name == name), None)
