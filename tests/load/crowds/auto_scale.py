"""Clients come and go while the auto-scaler follows them, and frames are watched."""

import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Self

from clients.crowd.plan import Plan
from clients.crowd.report import Report
from compose import running
from compose.layout import Layout
from compose.settings import Settings
from tests.load.cases import Case
from tests.load.crowd_run import Scaled
from tests.load.crowds.gathering import Gathering, NoCrowd
from tests.load.crowds.publisher import FRAME_EVERY_S, Publisher
from tests.load.measured import CaseRun
from tests.load.system import own_stack, system_of
from tests.system.stack import Stack

STAY = 200
"""So many stay all the time."""

_SCALES_BACK_WITHIN_S = 420.0
_LOOKS_EVERY_S = 1.0
_ENDS_WITHIN_S = 30.0
_WATCH_ON_S = 5.0


def auto_scale(case: Case) -> CaseRun:
    """Let it scale by the load: up for `members`, and down again for a tenth.

    Raises:
        NotUp: If no system starts.
        NoCrowd: If they do not come, or it does not scale back.
    """
    with ExitStack() as using:
        stack, _ = using.enter_context(own_stack(case.settings))
        url, room = stack.url, f"bench-{uuid.uuid4().hex[:8]}"
        main = system_of(stack, see_processes=False).main
        publisher = using.enter_context(Publisher(main, room))
        using.enter_context(_publishing(publisher))
        using.enter_context(_scaling(stack))
        clusters = using.enter_context(_Clusters(stack))
        stay = using.enter_context(Gathering(_plan(url, room, STAY, 3600, case)))
        stay.wait_until_there()
        came = _plan(url, room, case.members - STAY, case.seconds, case)
        with Gathering(came) as others:
            others.wait_until_there()
            gone = others.report()
        clusters.wait_for_fewest(_SCALES_BACK_WITHIN_S)
        time.sleep(_WATCH_ON_S)
        stay.stop()
        stayed = stay.report()
        seen = tuple(clusters.seen)
    return _run(case, seen, [stayed, gone])


def _plan(url: str, room: str, viewers: int, seconds: float, case: Case) -> Plan:
    return Plan(
        url=url,
        room=room,
        clients=0,
        viewers=viewers,
        rate=0,
        seconds=seconds,
        arrive_within_s=case.come_within_s,
    )


def _run(
    case: Case, seen: tuple[tuple[float, int], ...], reports: list[Report]
) -> CaseRun:
    return CaseRun(
        measured_s=seen[-1][0] if seen else 0.0,
        scaled=Scaled(
            clients=case.members,
            clusters=seen,
            frames=max(one.attended.frames for one in reports),
            missed=sum(one.attended.missed for one in reports),
        ),
        invalid=tuple(why for one in reports for why in one.invalid),
        failures=tuple(why for one in reports for why in one.failures),
    )


class _Clusters:
    """Notes how many there are, while its block runs."""

    def __init__(self, stack: Stack) -> None:
        settings = Settings.from_environment(stack.environment)
        self._layout = Layout(settings.state_dir)
        self._began_s = time.monotonic()
        self.seen: list[tuple[float, int]] = []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
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

    def _look(self) -> None:
        while not self._ending.is_set():
            count = running.noted(self._layout).clusters
            if not self.seen or self.seen[-1][1] != count:
                at_s = round(time.monotonic() - self._began_s, 1)
                self.seen.append((at_s, count))
            self._ending.wait(_LOOKS_EVERY_S)


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
