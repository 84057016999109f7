"""What is done to processes from outside: killed, hung for a while, taken away.

Each returns a `Done`. None waits until the part is back: that is the trial's to see.
"""

import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

import psutil

from tests.faults.fault import Done
from tests.faults.scene import Scene

_ENDS_WITHIN_S = 10.0
_POLL_S = 0.01


class Victim:
    """Some processes that are struck as one."""

    def __init__(self, processes: Iterable[psutil.Process]) -> None:
        self.processes = tuple(processes)

    def kill(self) -> None:
        """End all as a crash does, and wait until they have.

        Raises:
            TimeoutError: If one cannot be ended.
        """
        self._signal(signal.SIGKILL)
        deadline = time.monotonic() + _ENDS_WITHIN_S
        while not all(map(has_ended, self.processes)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"not ended: {self.processes}")
            time.sleep(_POLL_S)

    def hold(self) -> None:
        """Let all stand still: connections stay, nothing answers."""
        self._signal(signal.SIGSTOP)

    def let_go(self) -> None:
        """Let all go on."""
        self._signal(signal.SIGCONT)

    def step(self, for_s: float) -> None:
        """Let all that stand still go on for a moment."""
        self.let_go()
        time.sleep(for_s)
        self.hold()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Have all stand still meanwhile, whatever ends it."""
        self.hold()
        try:
            yield
        finally:
            self.let_go()

    def _signal(self, number: signal.Signals) -> None:
        for process in self.processes:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)


def has_ended(process: psutil.Process) -> bool:
    """Tell whether it runs no more; nobody need have asked how it ended."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def processes_of(scene: Scene, name: str) -> list[psutil.Process]:
    """Return a process that supervisord knows, and its children, once it runs."""
    found: list[psutil.Process] = []

    def runs() -> bool:
        found[:] = scene.processes_of(name)
        return bool(found)

    scene.wait_for(runs, f"{name} to run")
    return found


def victim(scene: Scene, *names: str) -> Victim:
    """Return whole processes, each with its children, once all run."""
    return Victim(one for name in names for one in processes_of(scene, name))


def kill(whom: Victim, note: str = "") -> Done:
    """Kill -9."""
    began_s = time.monotonic()
    whom.kill()
    return Done(began_s, began_s, note=note)


def hang(whom: Victim, for_s: float, note: str = "") -> Done:
    """Have it hang for a while: SIGSTOP and SIGCONT."""
    began_s = time.monotonic()
    with whom.held():
        time.sleep(for_s)
    return Done(began_s, time.monotonic(), note=note or f"for {for_s:.0f} s")


def take_away(scene: Scene, name: str, for_s: float) -> Done:
    """Have it stopped in order for a while, so that nothing starts it again.

    Raises:
        AssertionError: If supervisord does not do as it is told.
    """
    processes_of(scene, name)
    began_s = time.monotonic()
    _order(scene, "stop", name, "stopped")
    try:
        time.sleep(for_s)
    finally:
        over_s = time.monotonic()
        _order(scene, "start", name, "started")
    return Done(began_s, over_s, note=f"for {for_s:.0f} s")


def _order(scene: Scene, verb: str, name: str, wanted: str) -> None:
    said = scene.stack.supervisorctl(verb, name)
    assert wanted in said, f"{verb} {name}: {said.strip()}"
