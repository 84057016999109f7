"""The bench's auto-scale case, in small: real clients, brokers and workers.

Who scales is a script here: how the auto-scaler decides is tested elsewhere, and to see
it add a cluster and take it away again takes minutes.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from clients.worker.wire import Move, Moves
from mosquitto.acl import BRIDGE, OPERATOR
from mosquitto.topic import CONTROL_MOVE
from tests.integration.crowd_desk import CrowdDesk, crowd_desk
from tests.integration.processes import LOOPBACK, wait_until
from tests.load.cases import Case
from tests.load.crowd_run import Scaled
from tests.load.crowds.auto_scale import Ground, come_and_go
from tests.load.measured import CaseRun
from tests.load.system import MainBroker

STAY, MOST = 20, 60
CASE = Case(
    "small", "small", "auto-scale", members=MOST, come_within_s=2.0, seconds=3.0
)
SOON_S = 120.0


@dataclass
class Script:
    """Opens a second cluster when more come, and empties the first when they go."""

    desk: CrowdDesk
    empty: Callable[["Script"], None]
    clusters: int = 1
    problems: list[BaseException] = field(default_factory=list)

    def members(self, cluster: str) -> int:
        return sum(one.members for one in self.desk.fleet.statuses(cluster).values())

    def play(self) -> None:
        try:
            self._play()
        except BaseException as error:  # noqa: BLE001 - the test's own thread tells it
            self.problems.append(error)
            self.clusters = 1  # or it would be waited for

    def _play(self) -> None:
        ports, both = self.desk.fleet.ports, ("cluster-1", "cluster-2")
        wait_until(
            lambda: self.members("cluster-1") > STAY, within_s=SOON_S, what="more"
        )
        self.desk.closed.clear()
        self.clusters = 2
        wait_until(
            lambda: sum(map(self.members, both)) == MOST, within_s=SOON_S, what="all"
        )
        wait_until(
            lambda: sum(map(self.members, both)) == STAY, within_s=SOON_S, what="fewer"
        )
        self.desk.closed.add(ports[0])
        self.empty(self)
        wait_until(
            lambda: self.members("cluster-2") == STAY, within_s=SOON_S, what="all there"
        )
        self.clusters = 1


def drain(script: Script) -> None:
    """Tell the first cluster's clients to go."""
    fleet = script.desk.fleet
    with fleet.peer(OPERATOR, fleet.settings.main_port) as operator:
        moves = Moves({"cluster-1": Move(spread_s=1.0)})
        operator.publish(CONTROL_MOVE, moves.encode(), retain=True)


def kill(script: Script) -> None:
    """Throw the first cluster's clients off."""
    script.desk.fleet.brokers.clusters[0].kill()


@contextmanager
def played(script: Script) -> Iterator[None]:
    thread = threading.Thread(target=script.play)
    thread.start()
    try:
        yield
    finally:
        thread.join(SOON_S)
    assert script.problems == []


def measured(
    folder: Path, empty: Callable[[Script], None], *, is_pulled: bool = True
) -> CaseRun:
    with crowd_desk(folder) as desk:
        desk.closed.add(desk.fleet.ports[1])
        settings, brokers = desk.fleet.settings, desk.fleet.brokers
        password = brokers.credentials.passwords[BRIDGE]
        main = MainBroker(LOOPBACK, settings.main_port, BRIDGE, password)
        # Nobody pulls from a cluster's broker, and nobody's name gets nothing through.
        elsewhere = MainBroker(LOOPBACK, desk.fleet.ports[1])
        script = Script(desk, empty)
        ground = Ground(
            desk.url, main if is_pulled else elsewhere, lambda: script.clusters
        )
        with played(script):
            return come_and_go(CASE, ground, STAY)


def scaled(run: CaseRun) -> Scaled:
    assert run.scaled, run.failures
    return run.scaled


def test_who_stays_is_moved_and_nobody_misses_a_frame(tmp_path: Path) -> None:
    run = measured(tmp_path, drain)
    found = scaled(run)

    assert run.failures == ()
    assert [count for _, count in found.clusters] == [1, 2, 1]
    assert found.published >= found.frames > 10
    assert (found.moves, found.reconnects) == (STAY, 0)
    assert (found.to_nobody, found.missed, found.missed_away) == (0, 0, 0)
    assert found.unserved == 0


@pytest.fixture(scope="module")
def ill_served(tmp_path_factory: pytest.TempPathFactory) -> CaseRun:
    """A run where a broker is killed, and nobody brings frames to the clusters."""
    return measured(tmp_path_factory.mktemp("ill"), kill, is_pulled=False)


def test_who_is_thrown_off_comes_back_and_that_is_no_move(ill_served: CaseRun) -> None:
    found = scaled(ill_served)

    assert (found.moves, found.reconnects) == (0, STAY)
    assert found.unserved == 0


def test_frames_that_come_to_nobody_are_missed(ill_served: CaseRun) -> None:
    found = scaled(ill_served)

    assert (found.frames, found.missed) == (0, 0)
    assert found.to_nobody > 10
    assert found.missed_in_all == found.to_nobody
    assert any("came to nobody" in failure for failure in ill_served.failures)
