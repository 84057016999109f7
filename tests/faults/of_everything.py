"""Faults of the whole: taken down and up, killed at once, its disk full."""

import subprocess
import time
from collections.abc import Callable
from contextlib import suppress

import psutil

from tests.faults.fault import Done, Fault
from tests.faults.full_state import FULL_S, fill_state_folder
from tests.faults.scene import Scene

_KILLED_WITHIN_S = 30.0


def down_and_up(scene: Scene) -> Done:
    """Take it down and up again, as an operator does."""
    began_s = time.monotonic()
    _do(scene.stack.down)
    over_s = time.monotonic()
    _do(scene.stack.up)
    return Done(began_s, over_s)


def kill_everything(scene: Scene) -> Done:
    """Kill every process, whatever starts or supervises others too; then `up`."""
    began_s = time.monotonic()
    killed: set[psutil.Process] = set()

    def nothing_runs() -> bool:
        everything = _everything(scene)  # the dying may have started another
        for process in everything:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        killed.update(everything)
        return not everything

    scene.wait_for(nothing_runs, "the end of everything", _KILLED_WITHIN_S)
    over_s = time.monotonic()
    _do(scene.stack.up)
    return Done(began_s, over_s, note=f"{len(killed)} processes")


def _everything(scene: Scene) -> list[psutil.Process]:
    """Return all that runs of the system, and nothing of the test's own."""
    me = psutil.Process()
    own = {me, *me.children(recursive=True)}
    return [one for one in scene.stack.processes() if one not in own and _runs(one)]


def _runs(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _do(command: Callable[[], subprocess.CompletedProcess[str]]) -> None:
    """Give a command that has to do what it says, in its time."""
    try:
        done = command()
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(str(error)) from error
    assert done.returncode == 0, done.stdout


FAULTS = (
    Fault("everything", "down and up under load", down_and_up),
    Fault("everything", "kill -9 of every process", kill_everything, is_main=True),
    Fault(
        "everything",
        f"state folder full for {FULL_S:.0f} s",
        fill_state_folder,
        setting="small state",
    ),
)
