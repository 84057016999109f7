"""Workers that die or hang while their clients watch, each after the other."""

import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from clients.worker.wire import Join
from stream.frame import Frame
from tests.frames import frame
from tests.integration.audience_clients import Attendee
from tests.integration.audience_crowd import Crowd, crowd
from tests.integration.fleet import Fleet, WorkerProcess, fleet

ROOMS = ["north", "south"]
CLIENTS = 60
EVERY_S = 0.5
HURRIED_S = 0.01
SOON_S = 60
MISSED_BY_A_KILL_MAX = 2
MISSED_BY_A_HANG_MAX = 8


class Show:
    """Frames in all rooms, one every half a second, and who watches them."""

    def __init__(self, served_by: Fleet, turned: Crowd) -> None:
        self.total = 0
        self._fleet, self._crowd = served_by, turned
        self.watching = [self.client(f"client-{one}", room) for one, room in _pairs()]
        self.see_it()

    def client(self, client_id: str, room: str) -> Attendee:
        return Attendee(self._crowd, client_id, self._fleet.ports, Join(room))

    def go_on(self, rounds: int) -> None:
        """Bring so many frames to each room."""
        for _ in range(rounds):
            self.total += 1
            self._fleet.play(*(self.now(room) for room in ROOMS))
            self._crowd.turn_for(EVERY_S)

    def go_on_while(self, on: Callable[[], bool]) -> None:
        """Bring frames in quick succession, and some after that."""
        self._hurry(10)
        deadline = time.monotonic() + SOON_S
        while on():
            self._hurry(1)
            assert time.monotonic() < deadline, "it goes on and on"
        self._hurry(20)

    def _hurry(self, rounds: int) -> None:
        for _ in range(rounds):
            self.total += 1
            self._fleet.play(*(self.now(room) for room in ROOMS))
            self._crowd.turn_for(HURRIED_S)

    def go_on_until_settled(self, *, hung: str = "") -> None:
        """Bring frames until the slots are shared by those who live."""
        for _ in range(60):
            if self._fleet.is_settled(hung=[hung]):
                return
            self.go_on(1)
        raise AssertionError("never settled")

    def see_it(self) -> None:
        """Bring a frame, and wait until everybody has it."""
        self.go_on(1)
        self._crowd.turn_until(
            lambda: all(one.total == self.total for one in self.watching),
            "newest frame for everybody",
        )

    def now(self, room: str) -> Frame:
        """Return a room's newest frame."""
        return frame(room, self.total, self.total, total=self.total)

    def missed(self, since: int) -> int:
        """Return how many frames the worst off has missed since then."""
        return max(
            len({*range(since + 1, self.total + 1)} - one.totals)
            for one in self.watching
        )

    def assert_nobody_went_back(self) -> None:
        for one in self.watching:
            shown = [frame.position for frame in one.shown]
            assert shown == sorted({*shown})
            assert not one.losses

    def keeps_the_newest(self) -> bool:
        """Tell whether every relay retains its room's newest frame."""
        kept = self._fleet.kept("relay/#")
        expected = {self.now(room).encode() for room in ROOMS}
        return len(kept) >= len(ROOMS) and {*kept.values()} == expected


@contextmanager
def show(folder: Path) -> Iterator[tuple[Show, Fleet, Crowd]]:
    with fleet(folder) as served_by, crowd() as turned:
        yield Show(served_by, turned), served_by, turned


def _pairs() -> Iterator[tuple[int, str]]:
    return zip(range(CLIENTS), itertools.cycle(ROOMS), strict=False)


def start_again(on: Show, worker: WorkerProcess) -> None:
    worker.start()
    on.go_on(1)
    on.go_on_until_settled()


def test_a_killed_workers_clients_miss_two_frames_at_most(tmp_path: Path) -> None:
    with show(tmp_path) as (on, served_by, turned):
        for worker in served_by.every_worker:
            before = on.total
            worker.kill()
            on.go_on(2)
            on.go_on_until_settled()
            on.see_it()
            by_the_kill = on.missed(before)
            start_again(on, worker)
            on.see_it()
            print(f"missed: {by_the_kill}, with the return {on.missed(before)}")

            assert by_the_kill <= MISSED_BY_A_KILL_MAX
            assert on.missed(before) <= MISSED_BY_A_KILL_MAX
        on.assert_nobody_went_back()
        turned.turn_until(on.keeps_the_newest, "newest frame in every relay")
        assert len(served_by.members()) == CLIENTS


def test_workers_that_are_stopped_and_started_cost_nobody_a_frame(
    tmp_path: Path,
) -> None:
    with show(tmp_path) as (on, served_by, turned):
        before = on.total
        for worker in served_by.every_worker:
            os.kill(worker.pid, signal.SIGTERM)
            on.go_on_while(lambda: worker.is_running)  # noqa: B023 - called here
            turned.turn_until(served_by.is_settled, "share of the slots")
            worker.start()
            on.go_on_while(lambda: not served_by.is_settled())
        on.see_it()

        assert on.missed(before) == 0
        on.assert_nobody_went_back()
        turned.turn_until(on.keeps_the_newest, "newest frame in every relay")
        assert len(served_by.members()) == CLIENTS


def test_the_last_frame_before_a_worker_dies_reaches_everybody(tmp_path: Path) -> None:
    """The room falls quiet: nothing comes after it that would make it good."""
    with fleet(tmp_path) as served_by, crowd() as turned:
        watching = [
            Attendee(turned, f"client-{number}", served_by.ports, Join("quiet"))
            for number in range(CLIENTS)
        ]
        turned.turn_until(lambda: all(one.is_served for one in watching), "members")
        for total, worker in enumerate(served_by.every_worker, 1):
            served_by.play(frame("quiet", total, total, total=total))
            worker.kill()

            turned.turn_until(
                lambda: all(one.total == total for one in watching),  # noqa: B023 - called here
                "last frame for everybody",
            )
            worker.start()
            turned.turn_until(served_by.is_settled, "share of the slots")


def test_a_hung_workers_clients_miss_eight_frames_at_most(tmp_path: Path) -> None:
    with show(tmp_path) as (on, served_by, turned):
        before, worker = on.total, served_by.every_worker[1]
        worker.pause()
        on.go_on(1)
        on.go_on_until_settled(hung=worker.name)
        on.see_it()
        missed = on.missed(before)
        woken_at = on.total
        worker.resume()
        on.go_on(1)
        on.go_on_until_settled()
        on.see_it()
        print(f"missed: {missed}, after the return {on.missed(woken_at)}")

        assert 0 < missed <= MISSED_BY_A_HANG_MAX
        assert on.missed(woken_at) <= MISSED_BY_A_KILL_MAX
        on.assert_nobody_went_back()
        turned.turn_until(on.keeps_the_newest, "newest frame in every relay")
        turned.turn_until(lambda: "was hung" in worker.log(), "word of it")
        assert len(served_by.members()) == CLIENTS


def test_the_last_frame_while_a_worker_hangs_reaches_everybody(tmp_path: Path) -> None:
    with show(tmp_path) as (on, served_by, turned):
        worker = served_by.every_worker[2]
        worker.pause()
        on.see_it()  # the room falls quiet
        worker.resume()

        turned.turn_until(served_by.is_settled, "share of the slots")
        turned.turn_until(on.keeps_the_newest, "newest frame in every relay")
        on.assert_nobody_went_back()
