"""Clients come and go while the auto-scaler follows them, and frames are watched."""

import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Self

from clients.crowd.plan import Plan
from compose import running
from compose.layout import Layout
from compose.settings import Settings
from tests.load.cases import Case
from tests.load.crowds.gathering import Gathering, NoCrowd
from tests.load.crowds.publisher import FRAME_EVERY_S, Publisher
from tests.load.crowds.scaled import run_of
from tests.load.measured import CaseRun
from tests.load.system import MainBroker, own_stack, system_of
from tests.system.stack import Stack

STAY = 200
"""So many stay all the time."""

_STAY_S = 3600.0
_SCALES_BACK_WITHIN_S = 420.0
_LOOKS_EVERY_S = 1.0
_ENDS_WITHIN_S = 30.0
_WATCH_ON_S = 5.0


@dataclass(frozen=True, slots=True)
class Ground:
    """Where clients come and go, and something scales by them."""

    url: str
    main: MainBroker | None
    clusters: Callable[[], int]
    """Says how many there are."""


def auto_scale(case: Case) -> CaseRun:
    """Let it scale by the load: up for `members`, and down again for a tenth.

    Raises:
        NotUp: If no system starts.
        NoCrowd: If they do not come, or it does not scale back.
    """
    with ExitStack() as using:
        stack, _ = using.enter_context(own_stack(case.settings))
        layout = Layout(Settings.from_environment(stack.environment).state_dir)
        main = system_of(stack, see_processes=False).main
        using.enter_context(_scaling(stack))
        ground = Ground(stack.url, main, lambda: running.noted(layout).clusters)
        return come_and_go(case, ground, STAY)


def come_and_go(case: Case, ground: Ground, stay: int) -> CaseRun:
    """Have `stay` clients stay, and others come, up to `members`, and go again.

    Raises:
        NoCrowd: If they do not come, or it does not scale back.
        NotPublished: If main does not take frames.
    """
    room = f"bench-{uuid.uuid4().hex[:8]}"
    with ExitStack() as using:
        publisher = using.enter_context(Publisher(ground.main, room))
        using.enter_context(_publishing(publisher))
        clusters = using.enter_context(_Clusters(ground.clusters))
        stays = _plan(case, ground.url, room, stay, _STAY_S)
        staying = using.enter_context(Gathering(stays))
        staying.wait_until_there()
        comes = _plan(case, ground.url, room, case.members - stay, case.seconds)
        with Gathering(comes) as others:
            others.wait_until_there()
            gone = others.report()
        clusters.wait_for_fewest(_SCALES_BACK_WITHIN_S)
        time.sleep(_WATCH_ON_S)
        staying.stop()
        stayed = staying.report()
        seen = tuple(clusters.seen)
    return run_of(case.members, seen, publisher.published_s, [stayed, gone])


def _plan(case: Case, url: str, room: str, viewers: int, seconds: float) -> Plan:
    return Plan(
        url=url,
        room=room,
        clients=0,
        viewers=viewers,
        rate=0,
        seconds=seconds,
        arrive_within_s=case.come_within_s,
    )


class _Clusters:
    """Notes how many there are, while its block runs."""

    def __init__(self, count: Callable[[], int]) -> None:
        self._count = count
        self._began_s = time.monotonic()
        self.seen: list[tuple[float, int]] = []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)

    def __enter__(self) -> Self:
        self._look()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()

    def wait_for_fewest(self, within_s: float) -> None:
        """Wait until there are as few as there were first.

        Raises:
            NoCrowd: If that takes too long.
        """
        until_s = time.monotonic() + within_s
        while self.seen[-1][1] > self.seen[0][1]:
            if time.monotonic() > until_s:
                raise NoCrowd(f"it does not scale back: {self.seen}")
            time.sleep(_LOOKS_EVERY_S)

    def _look_on(self) -> None:
        while not self._ending.wait(_LOOKS_EVERY_S):
            self._look()

    def _look(self) -> None:
        count = self._count()
        if not self.seen or self.seen[-1][1] != count:
            at_s = round(time.monotonic() - self._began_s, 1)
            self.seen.append((at_s, count))


@contextmanager
def _scaling(stack: Stack) -> Iterator[None]:
    """Run the auto-scaler."""
    process = stack.spawn("scale", "--auto")
    assert process.stdout
    thread = threading.Thread(target=process.stdout.read, daemon=True)
    thread.start()  # or it would wait for somebody to read
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
        thread.join()
        process.stdout.close()


@contextmanager
def _publishing(publisher: Publisher) -> Iterator[None]:
    """Publish frames meanwhile."""
    ending = threading.Event()
    thread = threading.Thread(target=_publish, args=(publisher, ending.wait))
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


def _publish(publisher: Publisher, wait: Callable[[float], bool]) -> None:
    while not wait(FRAME_EVERY_S):
        publisher.publish()
