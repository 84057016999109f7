"""The scenes in which faults are tried, each started once for all of its faults."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from tests.faults.clock import own_clock
from tests.faults.full_disk import small_disk
from tests.faults.full_state import small_state
from tests.faults.linked import linked
from tests.faults.running import NotUp, of_stack, running, say
from tests.faults.scene import Scene
from tests.faults.three_brokers import three_brokers

__all__ = ["SCENES", "NotUp", "of_stack", "running", "say"]

SCENES: dict[str, Callable[[Path, int], AbstractContextManager[Scene]]] = {
    "default": running,
    "small disk": small_disk,
    "small state": small_state,
    "three brokers": three_brokers,
    "links": linked,
    "own clock": own_clock,
}
"""By the name that a fault has in `setting`."""
