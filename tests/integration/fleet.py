"""Main, clusters and workers, all real processes; frames come from the test."""

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from clients.worker.wire import WorkerStatus
from compose.brokers import MAIN, cluster_names, config_path, worker_names
from compose.members import members
from compose.settings import Settings
from mosquitto.acl import BRIDGE, OPERATOR
from mosquitto.password import password_line
from mosquitto.placement import all_slots
from mosquitto.topic import ANY, cluster_link, room_frame, worker_of, worker_status
from stream.frame import Frame
from tests.integration.audience_clients import Attendee
from tests.integration.broker import Brokers, install, running
from tests.integration.mqtt_peer import Login, Peer
from tests.integration.processes import RealProcess, spawn, wait_until
from tests.integration.rights_trial import TESTER

CLUSTER = "cluster-1"
SOON_S = 30

_TESTER_RIGHTS = "\nuser tester\ntopic readwrite #\n"

Audience = dict[str, tuple[str, str]]
"""The room and the profile of each member, by its id."""


class WorkerProcess(RealProcess):
    """One worker that can be stopped, killed, paused, and started again."""

    def __init__(self, settings: Settings, cluster: str, name: str) -> None:
        super().__init__(settings.state_dir / f"{cluster}-{name}.log")
        self._settings, self._cluster, self.name = settings, cluster, name

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it; it is not ready yet."""
        names = ["--cluster", self._cluster, "--worker", self.name]
        self._process = spawn(
            [sys.executable, "-m", "clients.worker", *names],
            self._log,
            {**os.environ, **self._settings.as_environment()},
        )


@dataclass
class Fleet:
    """All of them, and who looks at them."""

    brokers: Brokers
    workers: dict[str, list[WorkerProcess]] = field(default_factory=dict)
    """By cluster."""
    _bridge: Peer | None = None

    def __post_init__(self) -> None:
        for cluster in cluster_names(self.settings):
            self.workers[cluster] = [
                WorkerProcess(self.settings, cluster, name)
                for name in worker_names(self.settings)
            ]

    @property
    def settings(self) -> Settings:
        """What all of them read."""
        return self.brokers.settings

    @property
    def ports(self) -> list[int]:
        """Where clients find the clusters."""
        return [broker.port for broker in self.brokers.clusters]

    @property
    def every_worker(self) -> list[WorkerProcess]:
        """The workers of all clusters."""
        return [worker for workers in self.workers.values() for worker in workers]

    def play(self, *frames: Frame, padded_to: int = 0) -> None:
        """Bring frames to main, as the bridge does."""
        self._bridge = self._bridge or self.peer(BRIDGE, self.settings.main_port)
        for frame in frames:
            payload = frame.encode().ljust(padded_to)
            self._bridge.publish(room_frame(frame.room), payload, retain=True)

    def forget_main(self) -> None:
        """Connect anew for the next frame: main was started again."""
        self._bridge = None

    def peer(self, user: str, port: int) -> Peer:
        """Connect somebody with a name."""
        return Peer(port, Login(user, self.brokers.credentials.passwords[user]))

    def kept(self, *topics: str, cluster: str = CLUSTER) -> dict[str, bytes]:
        """Return what a cluster's broker retains, as its operator sees it."""
        number = cluster_names(self.settings).index(cluster)
        with self.peer(OPERATOR, self.ports[number]) as peer:
            peer.subscribe(*topics)
            peer.catch_up()
            kept = {one.topic: bytes(one.payload) for one in peer.received}
        return {place: payload for place, payload in kept.items() if payload}

    def statuses(self, cluster: str = CLUSTER) -> dict[str, WorkerStatus]:
        """Return what the workers of a cluster said last, by name."""
        said = self.kept(worker_status(cluster, ANY), cluster=cluster)
        return {
            named[1]: WorkerStatus.decode(payload)
            for place, payload in said.items()
            if (named := worker_of(place))
        }

    def is_settled(self, cluster: str = CLUSTER, *, hung: Sequence[str] = ()) -> bool:
        """Tell whether those who live share the slots, and nobody has to be heard."""
        said = self.statuses(cluster)
        live = {one.name for one in self.workers[cluster] if one.is_running} - {*hung}
        shared = Counter(slot for name in live & {*said} for slot in said[name].slots)
        return live <= {*said} and shared == Counter(all_slots())

    def members(self) -> Audience:
        """Return who is a member, as the operator's list says."""
        listing = members(self.settings)
        assert not listing.unanswered
        return {one.client_id: (one.room, one.profile) for one in listing.clients}

    def relayed_rooms(self) -> dict[str, dict[str, int]]:
        """Return the members that all workers count, by room and profile."""
        sums: dict[str, dict[str, int]] = {}
        for cluster in self.workers:
            for status in self.statuses(cluster).values():
                for room, profiles in status.rooms.items():
                    of = sums.setdefault(room, {})
                    for name, number in profiles.items():
                        of[name] = of.get(name, 0) + number
        return sums

    def is_linked(self) -> bool:
        """Tell whether every cluster pulls from main."""
        with self.peer(OPERATOR, self.settings.main_port) as peer:
            peer.subscribe(cluster_link(ANY))
            peer.catch_up()
            return [one.payload for one in peer.received] == [b"1"] * len(self.ports)


def audience_of(attendees: Iterable[Attendee]) -> Audience:
    """Return who should be a member."""
    return {one.client_id: (one.join.room, one.join.profile) for one in attendees}


@contextmanager
def fleet(
    folder: Path,
    *,
    clusters: int = 1,
    workers: int = 3,
    tester: bool = False,
    started: bool = True,
) -> Iterator[Fleet]:
    """Run everything.

    Args:
        folder: Where all its files lie.
        clusters: How many there are.
        workers: How many each of them has.
        tester: Whether `TESTER` may read and write everything on every cluster.
        started: Whether the workers are started.
    """
    with _brokers(folder, clusters, workers, tester=tester) as installed:
        made = Fleet(installed)
        wait_until(made.is_linked, within_s=SOON_S, what="links")
        try:
            if started:
                start(made)
            yield made
        except BaseException:
            for worker in made.every_worker:
                print(f"{worker.name}:\n{worker.log()[-5000:]}")
            raise
        finally:
            for worker in made.every_worker:
                worker.kill()


def start(made: Fleet) -> None:
    """Start all workers, and wait until they share the slots."""
    for worker in made.every_worker:
        worker.start()
    for cluster in made.workers:
        wait_until(
            lambda: made.is_settled(cluster),  # noqa: B023 - called here
            within_s=SOON_S,
            what=f"workers of {cluster}",
        )


@contextmanager
def _brokers(
    folder: Path, clusters: int, workers: int, *, tester: bool
) -> Iterator[Brokers]:
    settings, credentials = install(folder, clusters=clusters)
    settings = settings.model_copy(update={"workers": workers})
    with ExitStack() as stack:
        config = config_path(settings, MAIN)
        main = stack.enter_context(running(config, settings.main_port))
        edges = []
        for port, name in enumerate(cluster_names(settings), settings.cluster_port):
            config = config_path(settings, name)
            if tester:
                _let_in_a_tester(config)
            edges.append(stack.enter_context(running(config, port)))
        yield Brokers(settings, credentials, main, edges)


def _let_in_a_tester(config: Path) -> None:
    with config.with_suffix(".acl").open("a") as rights:
        rights.write(_TESTER_RIGHTS)
    with config.with_suffix(".passwd").open("a") as passwords:
        line = password_line(TESTER.user, TESTER.password, salt=b"0" * 12)
        passwords.write(f"{line}\n")
