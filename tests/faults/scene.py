"""What a fault acts on: a running system, and the load upon it.

Nothing here knows what is promised, or starts anything.
"""

import random
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.faults.senders import Senders
from tests.integration.processes import LOOPBACK
from tests.system.stack import RETURNS_WITHIN_S, Stack

POLL_S = 0.02


@dataclass(slots=True)
class Scene:
    """A system under load, as a fault sees it.

    `chance` is the trial's own, seeded: whatever is random in a fault comes from it.
    `environment` is what tells this system's processes from others'.
    """

    stack: Stack
    chance: random.Random
    senders: Senders
    say: Callable[[str], None]
    """Tells the person who looks on, in a line."""

    may_step_clock: bool = False
    """Whether this machine's clock may be set wrong for a while."""

    cluster_host: str = LOOPBACK
    """Where viewers find the clusters, at `stack.cluster_ports`."""

    @property
    def state(self) -> Path:
        """The system's state folder."""
        return Path(self.environment["EMOSTREAM_STATE_DIR"])

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables with which the system's commands run."""
        return self.stack.environment

    def processes_of(self, name: str) -> list[psutil.Process]:
        """Return a process that supervisord knows by `name`, and all its children.

        The first is the one that supervisord started. None if it does not run.
        """
        pid = self.pids().get(name)
        if pid is None:
            return []
        with suppress(psutil.NoSuchProcess):
            parent = psutil.Process(pid)
            return [parent, *parent.children(recursive=True)]
        return []

    def pids(self) -> dict[str, int]:
        """Return the process id of each part that runs, by its name."""
        return self.stack.pids()

    def wait_for(
        self,
        ready: Callable[[], bool],
        what: str,
        within_s: float = RETURNS_WITHIN_S,
        poll_s: float = POLL_S,
    ) -> None:
        """Wait until `ready`, which is asked every `poll_s`.

        Raises:
            TimeoutError: If that takes longer.
        """
        deadline = time.monotonic() + within_s
        while not ready():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what}: not within {within_s:.0f} s")
            time.sleep(poll_s)
