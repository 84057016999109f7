"""A machine's clock that is stepped, without touching that of this machine.

A library of a page (`clock.c`) is loaded ahead of libc into each process of a system:
its wall clock is the machine's and so many seconds more as a file says, for all of
them at the same moment. What only counts up goes on, as it does where a clock is
stepped. With `--step-clock` the machine's own clock is stepped instead.
"""

import shutil
import struct
import subprocess
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.fault import Done, Fault, NotPossible
from tests.faults.running import of_stack, up
from tests.faults.scene import Scene
from tests.system.stack import Stack

SETTING = "own clock"
STEP_S = 5

FILE_VARIABLE = "STEPPED_CLOCK"

_SOURCE = Path(__file__).with_name("clock.c")
_WRONG_FOR_S = (2.0, 8.0)

Step = Callable[[int], None]
"""Sets a clock so many seconds forward, or back."""


@contextmanager
def own_clock(folder: Path, seed: int) -> Iterator[Scene]:
    """Start a system that has a clock of its own, where there is a C compiler."""
    stack = Stack(folder, environment=clock_in(folder))
    with up(stack), of_stack(stack, seed) as scene:
        yield scene


def step(scene: Scene) -> Done:
    """Set the clock wrong for some seconds, forward or back by chance.

    Raises:
        NotPossible: If there is no clock that may be stepped.
    """
    by_s = scene.chance.choice((STEP_S, -STEP_S))
    set_by = _clock_of(scene)
    began_s = time.monotonic()
    set_by(by_s)
    try:
        time.sleep(scene.chance.uniform(*_WRONG_FOR_S))
    finally:
        set_by(-by_s)
    return Done(began_s, time.monotonic(), note=f"{by_s:+d} s, and back")


def clock_in(folder: Path) -> dict[str, str]:
    """Return the variables that give processes a clock; none without a C compiler."""
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        return {}
    library, file = folder / "clock.so", folder / "clock"
    options = ["-O2", "-shared", "-fPIC", "-o", str(library), str(_SOURCE), "-ldl"]
    subprocess.run([compiler, *options], check=True)
    file.write_bytes(struct.pack("q", 0))
    return {"LD_PRELOAD": str(library), FILE_VARIABLE: str(file)}


def step_file(file: Path, by_s: int) -> None:
    """Step the clock of all processes that look at a file."""
    (ahead_s,) = struct.unpack("q", file.read_bytes())
    with file.open("r+b") as mapped:  # in place: it is this very file they look at
        mapped.write(struct.pack("q", ahead_s + by_s))


def _clock_of(scene: Scene) -> Step:
    if scene.may_step_clock:
        return _step_machine
    if name := scene.environment.get(FILE_VARIABLE):
        return lambda by_s: step_file(Path(name), by_s)
    raise NotPossible("there is no C compiler, and no --step-clock")


def _step_machine(by_s: int) -> None:
    try:
        time.clock_settime(time.CLOCK_REALTIME, time.time() + by_s)
    except PermissionError as error:
        raise NotPossible(f"the machine's clock cannot be set: {error}") from error


FAULTS = (Fault("data", f"clock stepped by ±{STEP_S} s", step, setting=SETTING),)
