"""A crowd on real brokers and workers, before a server that counts at once."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from clients.crowd.crowd import Crowd, CrowdFailed
from clients.crowd.patience import Patience
from clients.crowd.plan import Plan
from clients.crowd.progress import Phase, Progress
from clients.crowd.report import INVALID, NOT_WELL, WELL, Report
from clients.crowd.requests import STEPS
from clients.crowd.witnessed import Witnessed
from clients.server import Unreachable
from clients.worker.wire import Move, Moves
from mosquitto.acl import OPERATOR
from mosquitto.topic import CONTROL_MOVE
from tests.integration.crowd_desk import CrowdDesk, crowd_desk
from tests.integration.processes import LOOPBACK, free_port

CLIENTS, RATE = 10, 20


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[CrowdDesk]:
    with crowd_desk(tmp_path) as running:
        yield running


@dataclass
class Run:
    """A crowd, and what is done while it is at it."""

    crowd: Crowd
    told: list[Progress] = field(default_factory=list)

    def __call__(self, progress: Progress) -> None:
        self.told.append(progress)
        if progress.phase in {Phase.SENDING, Phase.WATCHING} and progress.at_s > 1:
            self.interfere()

    def interfere(self) -> None:
        """Do nothing."""

    def report(self) -> Report:
        return self.crowd.run(self)


class Once(Run):
    """Does something once, while all is at its best."""

    is_done = False

    def interfere(self) -> None:
        if not self.is_done:
            self.is_done = True
            self.act()

    def act(self) -> None:
        """Do it."""


def plan(desk: CrowdDesk, **changes: object) -> Plan:
    chosen: dict[str, object] = {"clients": CLIENTS, "rate": RATE, "seconds": 4}
    return Plan(url=desk.url, room=desk.room, **(chosen | changes))  # type: ignore[arg-type]  # names are checked


def test_all_that_a_crowd_sends_is_counted_and_no_frame_is_missed(
    desk: CrowdDesk,
) -> None:
    run = Run(Crowd(plan(desk, viewers=5)))
    began_ms = time.time_ns() // 1_000_000
    found = run.report()

    assert (found.failures, found.attended.problem) == ((), "")
    assert found.exit_code in {WELL, INVALID}  # a machine may stall
    assert found.reactions
    assert found.reactions.accepted == found.reactions.counted == CLIENTS * RATE * 4
    sent = CLIENTS * RATE * 4
    assert found.reactions.witnessed == Witnessed(stored=sent, counted=sent)
    assert found.attended.members == CLIENTS + 5
    assert found.attended.frames > 4
    assert found.tap
    assert found.tap.n == found.reactions.batches
    assert 0 < found.tap.p50_ms <= found.tap.p99_ms <= found.tap.max_ms
    assert len(desk.users) == CLIENTS
    assert set(desk.users.values()) == {RATE * 4}
    assert set(desk.keys.values()) == {1}
    told_ms = {one["timestamp"] for one in desk.reactions}
    assert began_ms < min(told_ms) < max(told_ms) <= time.time_ns() // 1_000_000
    assert len(told_ms) >= STEPS
    assert {one.phase for one in run.told} > {Phase.JOINING, Phase.SENDING}
    assert run.told[-1].counted == found.reactions.counted


def test_what_the_room_had_before_is_not_the_crowds(desk: CrowdDesk) -> None:
    desk.total = 1000
    found = Crowd(plan(desk, seconds=2)).run()

    assert found.reactions
    assert (found.reactions.before, found.failures) == (1000, ())
    assert found.reactions.witnessed
    assert found.reactions.witnessed.counted == CLIENTS * RATE * 2
    assert found.reactions.after == 1000 + CLIENTS * RATE * 2


def test_who_comes_and_goes_misses_nothing(desk: CrowdDesk) -> None:
    found = Crowd(plan(desk, viewers=30, join_leave=True, seconds=14)).run()

    assert found.failures == ()
    assert found.attended.members > CLIENTS + 30
    assert found.attended.missed_away == 0


def test_a_batch_without_a_certain_answer_is_repeated_under_its_key(
    desk: CrowdDesk,
) -> None:
    desk.breaks = 3
    found = Crowd(plan(desk)).run()

    assert found.reactions
    assert (found.reactions.repeated, found.failures) == (3, ())
    assert found.reactions.witnessed
    assert found.reactions.witnessed.repeated > 0
    assert sorted(desk.keys.values())[-4:] == [1, 2, 2, 2]


def test_without_a_ledger_a_crowd_says_so_and_goes_on(desk: CrowdDesk) -> None:
    desk.has_ledger = False
    found = Crowd(plan(desk, seconds=2)).run()

    assert found.failures == ()
    assert found.reactions
    assert found.reactions.witnessed == Witnessed(problem="The auditor is away.")


def test_what_was_accepted_and_is_not_counted_is_said(desk: CrowdDesk) -> None:
    desk.counted, desk.refuses = 0.5, 1
    found = Crowd(plan(desk), Patience(2.0, 60.0)).run()

    assert found.exit_code == NOT_WELL
    assert "10 reactions were refused" in found.failures
    assert "accepted and are not counted yet" in found.failures[1]
    assert "the ledger says otherwise" in found.failures[2]
    assert found.tap is None


@dataclass
class CountsLate(Run):
    """Nothing is counted at first, and then a part each second."""

    desk: CrowdDesk | None = None

    def __call__(self, progress: Progress) -> None:
        assert self.desk
        if progress.phase is Phase.SETTLING:
            self.desk.total += min(50, CLIENTS * RATE * 2 - self.desk.total)


def test_while_the_total_rises_nothing_is_taken_to_be_lost(desk: CrowdDesk) -> None:
    desk.counted = 0.0
    made = Crowd(plan(desk, seconds=2), Patience(4.0, 60.0))
    found = CountsLate(made, desk=desk).report()

    assert found.failures == ()
    assert found.reactions
    assert found.reactions.counted == CLIENTS * RATE * 2


def test_a_crowd_that_is_stopped_says_what_was_until_then(desk: CrowdDesk) -> None:
    crowd = Crowd(plan(desk, seconds=300))
    timer = threading.Timer(6, crowd.stop)
    timer.start()
    found = crowd.run()

    assert found.is_interrupted
    assert found.reactions
    assert found.failures == ()
    assert found.reactions.accepted == found.reactions.sent == desk.total > 0
    assert found.seconds < 60


class Hinders(Once):
    """The sender sleeps for a second."""

    def act(self) -> None:
        pid = self.crowd.pids["sender"]
        os.kill(pid, signal.SIGSTOP)
        time.sleep(1)
        os.kill(pid, signal.SIGCONT)


def test_a_sender_that_is_hindered_makes_the_run_invalid(desk: CrowdDesk) -> None:
    found = Hinders(Crowd(plan(desk))).report()

    assert found.verdict == "invalid"
    assert found.exit_code == INVALID
    assert "10 ms late" in found.invalid[0]
    assert found.sender
    assert found.sender.late_share > 0.1


@dataclass
class Drains(Once):
    """The first cluster is to be left."""

    desk: CrowdDesk | None = None

    def act(self) -> None:
        assert self.desk
        self.desk.closed.add(self.desk.fleet.ports[0])
        main = self.desk.fleet.settings.main_port
        moves = Moves({"cluster-1": Move(spread_s=1.0)})
        with self.desk.fleet.peer(OPERATOR, main) as operator:
            operator.publish(CONTROL_MOVE, moves.encode(), retain=True)


def test_a_crowd_moves_without_missing_a_frame(desk: CrowdDesk) -> None:
    made = Crowd(plan(desk, seconds=10, viewers=20))
    found = Drains(made, desk=desk).report()

    assert found.attended.moves == (CLIENTS + 20) / 2
    assert found.attended.reconnects == 0
    assert found.failures == ()


def test_a_crowd_moves_also_where_nothing_comes(desk: CrowdDesk) -> None:
    quiet = Plan(
        url=desk.url, room="quiet", clients=0, viewers=10, seconds=12, arrive_within_s=1
    )
    found = Drains(Crowd(quiet), desk=desk).report()

    assert found.attended.moves == 10 / 2
    assert found.attended.reconnects == 0


@dataclass
class Kills(Once):
    """A broker dies; from then on it counts who gets something newer."""

    desk: CrowdDesk | None = None

    def act(self) -> None:
        assert self.desk
        self.crowd.mark()
        self.desk.fleet.brokers.clusters[0].kill()


def test_who_loses_its_broker_is_back_on_the_other(desk: CrowdDesk) -> None:
    made = Crowd(plan(desk, seconds=8))
    found = Kills(made, desk=desk).report()

    assert found.attended.reconnects == CLIENTS / 2
    assert (found.attended.not_newer, found.attended.missed) == (0, 0)
    assert found.attended.newer
    assert found.attended.newer.n == CLIENTS
    assert 0 < found.attended.connects_busiest <= CLIENTS / 2
    assert found.failures == ()


@dataclass
class Ruins(Once):
    """All brokers die, and nobody gives another place."""

    desk: CrowdDesk | None = None

    def act(self) -> None:
        assert self.desk
        self.desk.places = (503, {"error": "no_room", "help": "Every one is full."})
        for broker in self.desk.fleet.brokers.clusters:
            broker.kill()


def test_who_loses_its_broker_for_good_is_not_well(desk: CrowdDesk) -> None:
    watching = plan(desk, clients=0, viewers=6, seconds=4, arrive_within_s=0.5)
    found = Ruins(Crowd(watching), desk=desk).report()

    assert found.exit_code == NOT_WELL
    assert found.failures == ("6 clients were not served in the end",)


def test_seats_without_taps_tell_how_frames_spread(desk: CrowdDesk) -> None:
    ending = threading.Event()

    def react() -> None:
        while not ending.wait(0.2):
            desk.total += 1

    thread = threading.Thread(target=react)
    thread.start()
    try:
        chosen = plan(desk, clients=0, viewers=20, seconds=5, arrive_within_s=1)
        found = Crowd(chosen).run()
    finally:
        ending.set()
        thread.join()

    assert (found.reactions, found.sender, found.tap) == (None, None, None)
    assert found.failures == ()
    assert found.attended.deliveries > 20
    assert found.attended.everywhere
    assert 1 < found.attended.everywhere.n < found.attended.frames
    for spread in (found.attended.everywhere, found.attended.arrivals):
        assert spread
        assert spread.max_ms >= 0
    assert found.attended.relay
    assert found.attended.joins
    assert found.attended.joins.n == 20


def test_that_nobody_is_there_is_said_at_once() -> None:
    nowhere = Plan(url=f"http://{LOOPBACK}:{free_port()}", clients=3)
    with pytest.raises(Unreachable):
        Crowd(nowhere).run()


def test_a_crowd_that_is_not_taken_says_why(desk: CrowdDesk) -> None:
    desk.places = (403, {"error": "no_crowds", "help": "Not here."})
    with pytest.raises(CrowdFailed, match="no_crowds: Not here"):
        Crowd(plan(desk)).run()
