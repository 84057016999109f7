"""Who is killed during a demo, when, and what is seen of it: with a scripted system."""

from collections.abc import Iterable, Mapping

import pytest
from msgspec.structs import replace

from clients.crowd.progress import Phase, Progress
from clients.event import Connected, Message
from clients.worker.wire import BrokerAddress, WorkerStatus
from compose.demo.director import Director
from compose.demo.happening import Kind
from compose.demo.kills import BrokerKill, Look, WorkerKill
from compose.demo.known import Known
from compose.supervision.rpc import ProcessInfo, State
from mosquitto.topic import cluster_link, worker_status

ROOM = "demo-1"
START_S = 1_000.0
PROGRESS = Progress(
    phase=Phase.SENDING, at_s=20, of_s=60, expected=12, joined=12, reconnects=0
)
SLOTS = {"worker-1": ("1", "2"), "worker-2": ("3", "4", "5")}
MEMBERS = {"worker-1": 2, "worker-2": 4}


class System:
    """Two clusters of two workers: a script changes what is said of them."""

    def __init__(self) -> None:
        self.known = Known(ROOM)
        self.known.take(Connected(0))
        self.processes: dict[str, ProcessInfo] = {}
        self.progress = PROGRESS
        self.killed: list[int] = []
        self.marks: list[float] = []
        self.ended: set[int] = set()
        for number, cluster in enumerate(("cluster-1", "cluster-2")):
            self.link(cluster)
            self.process(cluster, 100 + number)
            for worker in SLOTS:
                self.process(f"{cluster}-{worker}", 200 + len(self.processes))
                self.say(cluster, worker, members=MEMBERS[worker] - number)

    def process(self, name: str, pid: int, state: State = State.RUNNING) -> None:
        self.processes[name] = ProcessInfo(name, name, state, pid, 0, 0)

    def link(self, cluster: str, payload: bytes = b"1") -> None:
        self._tell(cluster_link(cluster), payload)

    def gone(self, cluster: str, worker: str) -> None:
        self._tell(worker_status(cluster, worker), b"")

    def say(  # noqa: PLR0913 - each is one thing that a test may say
        self,
        cluster: str,
        worker: str,
        *,
        members: int = 1,
        slots: Iterable[str] | None = None,
        at_s: float = START_S - 1,
        started_s: float = 0,
        elsewhere: int = 0,
    ) -> None:
        said = WorkerStatus(
            cluster=cluster,
            worker=worker,
            at_ms=round(at_s * 1000),
            started_ms=round(started_s * 1000),
            broker=BrokerAddress("a.example", 1885, 9885),
            capacity=500,
            slots=tuple(SLOTS[worker] if slots is None else slots),
            members=members + elsewhere,
            rooms={ROOM: {"full": members}, "final": {"full": elsewhere}},
            rooms_in_all=2,
            counts={},
        )
        self._tell(worker_status(cluster, worker), said.encode())

    def director(self, *, spares_others: bool = True) -> Director:
        return Director(self._end, self.marks.append, spares_others=spares_others)

    def look(self, director: Director, now_s: float = START_S) -> list[tuple[str, str]]:
        look = Look(now_s, self.known, self.processes, self.progress)
        return [(one.kind, one.text) for one in director.look(look)]

    def pid(self, process: str) -> int:
        return self.processes[process].pid

    def _end(self, pid: int) -> None:
        if pid in self.ended:
            raise ProcessLookupError(pid)
        self.killed.append(pid)

    def _tell(self, topic: str, payload: bytes) -> None:
        said = Message(0, topic, payload, retained=True, bridge_ms=None, here_ms=0)
        self.known.take(said)


def come_back(
    system: System, director: Director, worker_s: float
) -> list[tuple[str, str]]:
    """Have the killed worker's slots served, and then itself be back."""
    system.say("cluster-1", "worker-1", slots="12345", at_s=worker_s, members=6)
    system.process("cluster-1-worker-2", 999)
    system.say("cluster-1", "worker-2", at_s=worker_s, started_s=worker_s, members=0)
    return system.look(director, worker_s)


def test_at_a_third_the_worker_that_serves_most_is_killed_by_its_pid() -> None:
    system = System()
    director = system.director()

    system.progress = replace(PROGRESS, at_s=19.9)
    assert system.look(director) == []
    system.progress = PROGRESS
    ((kind, text),) = system.look(director)

    assert system.killed == [system.pid("cluster-1-worker-2")]
    assert kind == Kind.KILLED
    assert text.startswith(f"killed cluster-1-worker-2 (pid {system.killed[0]})")
    assert "served 4 clients: 3 of its cluster's 64 slots" in text
    assert isinstance(director.kills[0], WorkerKill)
    assert system.look(director) == []


def test_its_slots_are_served_when_others_have_said_so_since() -> None:
    system = System()
    director = system.director()
    system.look(director)

    system.say("cluster-1", "worker-1", slots="12345", at_s=START_S - 0.1)
    assert system.look(director, START_S + 0.1) == []
    system.gone("cluster-1", "worker-2")
    system.say("cluster-1", "worker-1", slots="1234", at_s=START_S + 0.2)
    assert system.look(director, START_S + 0.2) == []
    system.say("cluster-1", "worker-1", slots="12345", at_s=START_S + 0.3)

    assert system.look(director, START_S + 0.31) == [
        (
            Kind.WELL,
            "its 3 slots are served by its cluster's other workers after 0.3 s",
        )
    ]
    assert director.is_missed


def test_it_is_back_when_another_process_runs_and_says_that_it_serves() -> None:
    system = System()
    director = system.director()
    system.look(director)

    system.process("cluster-1-worker-2", 0, State.EXITED)
    assert system.look(director, START_S + 0.4) == []
    system.process("cluster-1-worker-2", 999)
    said = system.look(director, START_S + 1.1)
    assert said == [
        (
            Kind.WELL,
            "cluster-1-worker-2 was started again by itself after 1.1 s (pid 999)",
        )
    ]
    system.say("cluster-1", "worker-2", slots="", started_s=START_S + 1, at_s=START_S)
    assert system.look(director, START_S + 1.2) == []
    system.say("cluster-1", "worker-2", started_s=START_S + 1, at_s=START_S + 2)
    assert (
        Kind.WELL,
        "cluster-1-worker-2 serves 3 slots again after 2.0 s",
    ) in system.look(director, START_S + 2)
    assert not director.is_missed


def test_at_two_thirds_the_broker_of_the_other_cluster_is_killed() -> None:
    system = System()
    director = system.director()
    system.look(director)
    come_back(system, director, START_S + 1)
    system.progress = replace(PROGRESS, at_s=40)
    ((kind, text),) = system.look(director, START_S + 20)

    assert system.killed[1:] == [system.pid("cluster-2")]
    assert (kind, system.marks) == (Kind.KILLED, [START_S + 20])
    assert text == "killed cluster-2's broker (pid 101): 4 clients have to move"


def test_the_second_kill_waits_until_the_first_ones_clients_are_served() -> None:
    system = System()
    director = system.director()
    system.look(director)
    system.progress = replace(PROGRESS, at_s=50)

    assert system.look(director, START_S + 20) == []
    system.say("cluster-1", "worker-1", slots="12345", at_s=START_S + 21)
    said = system.look(director, START_S + 21)
    assert [kind for kind, _ in said] == [Kind.WELL, Kind.KILLED]


def test_what_could_not_be_killed_in_time_is_said_once() -> None:
    system = System()
    director = system.director()
    system.look(director)
    system.progress = replace(PROGRESS, at_s=60, phase=Phase.SETTLING)

    assert [kind for kind, _ in system.look(director, START_S + 40)] == [Kind.NOTE]
    assert system.look(director, START_S + 41) == []
    assert len(director.spared) == 1


def test_clients_of_a_broker_are_served_when_all_have_joined_since() -> None:
    system = System()
    director = system.director()
    system.look(director)
    come_back(system, director, START_S + 1)
    system.progress = replace(PROGRESS, at_s=40)
    system.look(director, START_S + 20)
    kill = director.kills[1]
    assert isinstance(kill, BrokerKill)

    system.link("cluster-2", b"0")
    assert system.known.clusters == {"cluster-1": 6, "cluster-2": None}
    assert system.look(director, START_S + 20.1) == []  # nobody has told of it yet
    system.progress = replace(system.progress, joined=9, reconnects=1)
    assert system.look(director, START_S + 21) == []
    system.progress = replace(system.progress, joined=12, reconnects=4)
    assert system.look(director, START_S + 22) == [
        (Kind.WELL, "all 12 clients are served, seen after 2.0 s")
    ]

    system.process("cluster-2", 998)
    ((_, text),) = system.look(director, START_S + 23)
    assert text.startswith("cluster-2's broker was started again by itself after 3.0")
    system.link("cluster-2")  # old statuses of its workers are no sign of life
    assert system.look(director, START_S + 23.5) == []
    system.say("cluster-2", "worker-1", members=0, at_s=START_S + 24)
    ((_, text),) = system.look(director, START_S + 24)
    assert text.startswith("cluster-2 takes clients again after 4.0 s")


@pytest.mark.parametrize(
    ("spares_others", "killed"), [(True, []), (False, ["cluster-1-worker-2"])]
)
def test_nothing_is_killed_while_others_are_served_unless_that_is_wanted(
    spares_others: bool,  # noqa: FBT001 - a case of the table
    killed: list[str],
) -> None:
    system = System()
    system.say("cluster-2", "worker-1", elsewhere=3)
    director = system.director(spares_others=spares_others)
    ((kind, text),) = system.look(director)

    assert system.killed == [system.pid(name) for name in killed]
    assert (kind == Kind.NOTE) is spares_others
    assert ("others are served here, too (3)" in text) is spares_others
    assert bool(director.spared) is spares_others


@pytest.mark.parametrize(
    "changes",
    [{"phase": Phase.WATCHING}, {"phase": Phase.JOINING, "at_s": 0}, {"of_s": 0}],
)
def test_nothing_is_killed_but_during_the_match(changes: Mapping[str, object]) -> None:
    system = System()
    system.progress = replace(PROGRESS, **changes)

    assert system.look(system.director()) == []
    assert system.killed == []


def test_what_has_just_ended_by_itself_is_not_killed() -> None:
    system = System()
    system.ended = {system.pid("cluster-1-worker-2")}
    director = system.director()
    ((kind, text),) = system.look(director)

    assert (kind, system.killed, director.kills) == (Kind.NOTE, [], [])
    assert director.spared == [text]


def test_without_a_word_from_the_workers_nothing_is_killed() -> None:
    system = System()
    system.link("cluster-1", b"0")
    system.link("cluster-2", b"0")
    director = system.director()
    ((kind, text),) = system.look(director)

    assert (kind, system.killed) == (Kind.NOTE, [])
    assert "no worker says" in text


def test_others_are_those_whom_a_worker_serves_that_is_there() -> None:
    system = System()
    system.say("cluster-2", "worker-1", elsewhere=3)
    system.say("cluster-2", "worker-2", elsewhere=4)
    assert system.known.others == 7
    system.gone("cluster-2", "worker-1")
    assert system.known.others == 4
    system.link("cluster-2", b"0")
    assert system.known.others == 0
