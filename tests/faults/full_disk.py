"""A system whose Kafka writes to a volume of its own that can be full."""

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from compose.layout import Layout
from tests.faults.blows import has_ended, processes_of
from tests.faults.fault import Done, Hit
from tests.faults.running import say, up
from tests.faults.scene import Scene
from tests.faults.senders import Senders
from tests.faults.volume import Volume, volume
from tests.system.stack import Stack

LOG_BYTES = 2 * 1024**3

FULL_S = 20.0
"""After Kafka has met it for the first time."""

_MET_WITHIN_S = 60.0


@dataclass(slots=True, kw_only=True)
class SmallDisk(Scene):
    """A system, and the volume to which Kafka alone writes."""

    log_volume: Volume


@contextmanager
def small_disk(folder: Path, seed: int) -> Iterator[SmallDisk]:
    """Run such a system until the end of the block.

    Raises:
        NotPossible: If this machine allows no volumes.
    """
    stack = Stack(folder)
    layout = Layout(Path(stack.environment["EMOSTREAM_STATE_DIR"]))
    with ExitStack() as parts:
        layout.make()
        log = parts.enter_context(volume(layout.data / "kafka", LOG_BYTES))
        parts.enter_context(up(stack))
        senders = parts.enter_context(Senders(stack.url, seed))
        chance = random.Random(seed)
        yield SmallDisk(stack, chance, senders, say, log_volume=log)


def fill_log_volume(scene: Scene) -> Done:
    """Leave Kafka no room, until it has ended of it and for a while after that."""
    assert isinstance(scene, SmallDisk)
    [struck, *_] = processes_of(scene, "kafka")
    began_s = time.monotonic()
    with scene.log_volume.full():
        try:
            scene.wait_for(lambda: has_ended(struck), "the end of Kafka", _MET_WITHIN_S)
        except TimeoutError:
            hit, note = Hit.MISSED, "it went on"
        else:
            hit, note = Hit.HIT, f"it ended after {time.monotonic() - began_s:.1f} s"
        time.sleep(FULL_S)
        over_s = time.monotonic()
    return Done(began_s, over_s, hit, note)
