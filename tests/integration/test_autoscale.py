"""The auto-scaler at a real main broker; workers say what the test has them say."""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from clients.link import Address, Link
from clients.worker.wire import BrokerAddress, WorkerStatus
from compose.brokers import MAIN, cluster_names, config_path, worker_names
from compose.credentials import Credentials
from compose.layout import Layout
from compose.running import note
from compose.scaling.auto import AutoScaler
from compose.scaling.bounds import Bounds
from compose.scaling.decision import Pace
from compose.scaling.hearing import FOLLOWED
from compose.scaling.load import Size
from compose.settings import LOOPBACK, Settings
from mosquitto.acl import OPERATOR, edge_user
from mosquitto.topic import cluster_link, worker_status
from tests.integration.broker import BrokerProcess, install, running
from tests.integration.mqtt_peer import Login, Peer
from tests.integration.processes import RealProcess, spawn

QUICK = Pace(up_after_s=1, down_after_s=2, up_pause_s=1, down_pause_s=3)
CAPACITY = 500
SOON_S = 60


class Edge:
    """What main hears of a cluster: its link, and its workers' statuses."""

    def __init__(self, place: "Place", name: str) -> None:
        self._name, self._settings = name, place.settings
        password = place.credentials.passwords[edge_user(name)]
        login = Login(edge_user(name), password)
        self._peer = Peer(place.settings.main_port, login)
        self._peer.publish(cluster_link(name), b"1", retain=True)

    def tell(self, members: int) -> None:
        """Have each worker say how it is."""
        for worker in worker_names(self._settings):
            said = WorkerStatus(
                cluster=self._name,
                worker=worker,
                at_ms=time.time_ns() // 1_000_000,
                started_ms=0,
                broker=BrokerAddress(LOOPBACK, 1885, 9885),
                capacity=CAPACITY,
                busy=0.5,
                slots=(),
                members=members // self._settings.workers,
                rooms={},
                rooms_in_all=0,
                counts={},
            )
            topic = worker_status(self._name, worker)
            self._peer.publish(topic, said.encode(), retain=True)

    def go(self) -> None:
        """Stop, as a cluster that is no more."""
        for worker in worker_names(self._settings):
            self._peer.publish(worker_status(self._name, worker), b"", retain=True)
        self._peer.publish(cluster_link(self._name), b"0", retain=True)


@dataclass
class Place:
    """A main broker that runs, and who brings it the news of clusters."""

    settings: Settings
    credentials: Credentials
    main: BrokerProcess
    edges: dict[str, Edge] = field(default_factory=dict)

    def tell(self, clusters: tuple[str, ...], members: int) -> None:
        """Let these clusters live, and no others, with so many members each."""
        for name in {*self.edges} - {*clusters}:
            self.edges.pop(name).go()
        for name in clusters:
            self.edges.setdefault(name, Edge(self, name)).tell(members)

    def link(self) -> Link:
        """Return what the auto-scaler hears main by."""
        password = self.credentials.passwords[OPERATOR]
        main = Address(LOOPBACK, self.settings.main_port, OPERATOR, password)
        return Link(main, FOLLOWED, wait_max_s=0.5)


class System:
    """Scales at once."""

    def __init__(self, *clusters: str) -> None:
        self.size = Size(clusters, 2)
        self.asked: list[tuple[int, int]] = []

    def to(
        self, clusters: int | None, workers: int | None, _abandoned: threading.Event
    ) -> None:
        if clusters is None or workers is None:
            return  # all is whole from the first
        self.asked.append((clusters, workers))
        names = tuple(f"cluster-{number}" for number in range(1, clusters + 1))
        self.size = Size(names, workers)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    layout = Layout(tmp_path)
    layout.make()
    settings, credentials = install(tmp_path, clusters=2)
    settings = settings.model_copy(update={"workers": 2})
    note(layout, settings)
    with running(config_path(settings, MAIN), settings.main_port) as main:
        yield Place(settings, credentials, main)


def play(
    place: Place, system: System, members: Callable[[], int], until: Callable[[], bool]
) -> None:
    """Run the auto-scaler, and let all clusters have so many members each."""
    bounds = Bounds(clusters_min=1, clusters_max=4, workers_min=2, workers_max=2)
    loop = AutoScaler(system, lambda: system.size, bounds, pace=QUICK)
    told_s, deadline_s = 0.0, time.monotonic() + SOON_S
    with closing(place.link()) as link:
        for event in link.events():
            loop.take(event)
            if until():
                return
            assert event.at_s < deadline_s, f"only {system.asked} in {SOON_S} s"
            if event.at_s - told_s > 0.5:
                told_s = event.at_s
                place.tell(system.size.clusters, members())


def test_clusters_come_and_go_with_their_members(place: Place) -> None:
    system = System("cluster-1", "cluster-2")

    play(
        place,
        system,
        members=lambda: 450 if len(system.asked) < 2 else 10,
        until=lambda: len(system.asked) == 4,
    )

    assert system.asked == [(3, 2), (4, 2), (3, 2), (2, 2)]


def test_a_main_broker_that_is_started_again_is_heard_again(place: Place) -> None:
    system = System("cluster-1", "cluster-2")
    play(place, system, lambda: 450, until=lambda: len(system.asked) == 1)
    place.main.kill()
    place.edges.clear()
    place.main.start()

    play(place, system, lambda: 10, until=lambda: len(system.asked) == 2)

    assert system.asked[1] == (2, 2)


AS_A_PROCESS = ("-m", "compose.scaling")
CALL = "from compose.scaling.__main__ import foreground, Settings"
FOR_A_PERSON = ("-c", f"{CALL}; foreground(Settings.load())")


class Process(RealProcess):
    """The auto-scaler, wired from the settings."""

    def __init__(self, settings: Settings, how: tuple[str, ...]) -> None:
        super().__init__(settings.state_dir / "scaling.log")
        self._settings, self._how = settings, how

    def start(self) -> None:
        environment = {**os.environ, **self._settings.as_environment()}
        self._process = spawn([sys.executable, *self._how], self._log, environment)

    def ended(self) -> int:
        """Wait until it has ended; return its exit code."""
        assert self._process
        return self._process.wait(SOON_S)

    def send(self, number: int) -> None:
        self._running().send_signal(number)


@contextmanager
def process(
    settings: Settings, how: tuple[str, ...] = AS_A_PROCESS
) -> Iterator[Process]:
    started = Process(settings, how)
    try:
        started.start()
        yield started
    except BaseException:
        print(started.log())
        raise
    finally:
        started.kill()


def full_until(place: Place, started: Process, word: str) -> None:
    """Let all clusters be full until the process has logged a word."""
    deadline_s = time.monotonic() + SOON_S
    while word not in started.log():
        started.assert_running()
        assert time.monotonic() < deadline_s, f"no {word!r} in {SOON_S} s"
        place.tell(tuple(cluster_names(place.settings)), 450)
        time.sleep(0.5)


def test_the_process_logs_what_it_decides_and_what_is_refused(place: Place) -> None:
    with process(place.settings) as started:
        full_until(place, started, " decided ")  # no supervisord runs here
        started.send(signal.SIGTERM)

        assert started.ended() == 0

    log = started.log()
    decided = (
        " INFO scaling decided decision=AddCluster clusters=3 workers=2"
        " reason='members 900 of 1,000 (90 %) for "
    )
    assert decided in log
    assert " WARNING scaling refused reason='EmoStream is not running" in log
    assert log.rstrip().endswith("INFO scaling ended")
    assert place.credentials.passwords[OPERATOR] not in log


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_it_is_told_to_whatever_it_waits_for(
    place: Place, number: int
) -> None:
    with ExitStack() as stack, process(place.settings) as started:
        asked = stack.enter_context(deaf(Layout(place.settings.state_dir).socket))
        full_until(place, started, " begun ")
        assert asked.wait(SOON_S)
        started.send(number)

        assert started.ended() == 0

    assert "refused" not in started.log()
    assert started.log().rstrip().endswith("INFO scaling ended")


@contextmanager
def deaf(path: Path) -> Iterator[threading.Event]:
    """Be a supervisord that never comes to an end; say when it is asked something."""
    asked = threading.Event()
    with socket.socket(socket.AF_UNIX) as hung:
        hung.bind(str(path))
        hung.listen()

        def take() -> None:
            with hung.accept()[0] as connection, suppress(OSError):
                connection.recv(1 << 16)
                asked.set()
                connection.send(b"HTTP/1.1 200 OK\r\nX-Endless: ")
                while True:  # until who asks has gone
                    connection.send(b"x")
                    time.sleep(0.1)

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield asked
        thread.join(SOON_S)


def test_a_person_is_told_what_is_decided_and_ends_it_by_ctrl_c(place: Place) -> None:
    with process(place.settings, FOR_A_PERSON) as started:
        full_until(place, started, " To 3 clusters ")
        started.send(signal.SIGINT)

        assert started.ended() == 0

    told = started.log().splitlines()
    assert told[0] == (
        "Between 2 and 6 clusters, and 2 and 4 workers each, by their load; until"
        " Ctrl-C."
    )
    assert " EmoStream is not running: `emostream up` starts it. It is" in told[1]
    assert " To 3 clusters with 2 workers each: members 900 of 1,000" in told[2]
    log = Layout(place.settings.state_dir).log_of("scaler").read_text()
    assert " INFO scaling begun by='a person' process=" in log
    assert " INFO scaling decided decision=AddCluster clusters=3 workers=2" in log
    assert " INFO " not in started.log()


def test_a_person_learns_which_bound_what_runs_lies_beyond_and_who_set_it(
    place: Place,
) -> None:
    layout = Layout(place.settings.state_dir)
    note(layout, place.settings.model_copy(update={"clusters": 8}))
    started_with = place.settings.model_copy(update={"clusters": 8})

    with process(started_with, FOR_A_PERSON) as started:
        assert started.ended() == 1

    refusal = started.log().splitlines()[-1]
    assert refusal.endswith(
        "The clusters that run are 8, and EMOSTREAM_CLUSTERS_MAX is 6 (environment):"
        " `emostream scale --clusters 6` first, or set that bound otherwise."
    )
    assert not layout.log_of("scaler").exists()


def test_where_nothing_was_ever_started_it_says_so(tmp_path: Path) -> None:
    with process(Settings(state_dir=tmp_path)) as started:
        assert started.ended() == 1

    assert started.log() == "No system was ever started here: `emostream up` does.\n"
