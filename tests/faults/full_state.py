"""A system whose whole state folder is on a volume that can be full."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.fault import Done
from tests.faults.running import say, up
from tests.faults.scene import Scene
from tests.faults.senders import Senders
from tests.faults.volume import Volume, volume
from tests.system.stack import Stack

STATE_BYTES = 2 * 1024**3
FULL_S = 20.0


@dataclass(slots=True, kw_only=True)
class SmallState(Scene):
    """A system, and the volume to which all of it writes."""

    volume: Volume


@contextmanager
def small_state(folder: Path, seed: int) -> Iterator[SmallState]:
    """Run such a system until the end of the block.

    Raises:
        NotPossible: If this machine allows no volumes.
    """
    stack = Stack(folder)
    state = Path(stack.environment["EMOSTREAM_STATE_DIR"])
    with (
        volume(state, STATE_BYTES) as of_state,
        up(stack),
        Senders(stack.url, seed) as senders,
    ):
        chance = random.Random(seed)
        yield SmallState(stack, chance, senders, say, volume=of_state)


def fill_state_folder(scene: Scene) -> Done:
    """Leave nobody any room for a while."""
    assert isinstance(scene, SmallState)
    began_s = time.monotonic()
    with scene.volume.full():
        time.sleep(FULL_S)
        over_s = time.monotonic()
    return Done(began_s, over_s)
