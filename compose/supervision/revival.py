"""When a process that ended is started again: the rule, without a clock of its own.

What was ready once is kept running. The first pause is short; it doubles while
the process goes on ending soon, up to a limit, and is short again once it has
stayed for a while. Nothing is ever given up. What somebody stopped stays down.
"""

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from compose.supervision.rpc import ProcessInfo, State

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0

HEALTHY_S = 30
"""A process that has stayed for so long has recovered from what ended it before."""

# FATAL: it could not even be spawned. BACKOFF becomes FATAL by itself, at once.
_ENDED = frozenset({State.EXITED, State.FATAL})


@dataclass(frozen=True, slots=True)
class Revival:
    """A start that is to come."""

    process: ProcessInfo
    """As it was when it was found down."""

    pause_s: float
    at_s: float

    soon: int
    """How many ends in a row came soon after a start."""


class Revivals:
    """Which processes are down, and when each is started again."""

    def __init__(self, spread: Callable[[float], float]) -> None:
        """Begin with nothing known.

        Args:
            spread: Returns about as much as it is given, by chance: what ended
                together shall not start together. No pause is longer than
                `LONGEST_PAUSE_S` all the same.
        """
        self._spread = spread
        self._planned: dict[str, Revival] = {}
        self._last: dict[str, Revival] = {}

    def plan(
        self, processes: Iterable[ProcessInfo], kept: AbstractSet[str], now_s: float
    ) -> list[Revival]:
        """Take note of how all processes are now; return what is planned anew.

        Args:
            processes: All that there are.
            kept: Names of those that are to be kept running.
            now_s: By a clock that never goes back.
        """
        planned = []
        for process in processes:
            name = process.name
            if name not in kept or process.state is State.STOPPED:
                self._last.pop(name, None)  # what comes after is a new beginning
                self._planned.pop(name, None)
            elif process.state not in _ENDED:
                self._planned.pop(name, None)
            elif name not in self._planned:
                self._planned[name] = self._revival(process, now_s)
                planned.append(self._planned[name])
        return planned

    def take_due(self, now_s: float) -> list[Revival]:
        """Return what is to be started now; that is then no longer planned."""
        due = [revival for revival in self._planned.values() if revival.at_s <= now_s]
        for revival in due:
            self._last[revival.process.name] = revival
            del self._planned[revival.process.name]
        return due

    def next_s(self) -> float | None:
        """Return when the next start is due, if any is planned."""
        return min((revival.at_s for revival in self._planned.values()), default=None)

    def _revival(self, process: ProcessInfo, now_s: float) -> Revival:
        last = self._last.get(process.name)
        soon = last.soon + 1 if last and _ended_soon(process, last) else 0
        # A power that could grow for weeks is bounded before it is raised.
        doubled_s = FIRST_PAUSE_S * 2 ** min(soon, 16)
        spread_s = self._spread(min(doubled_s, LONGEST_PAUSE_S))
        pause_s = min(spread_s, LONGEST_PAUSE_S)
        return Revival(process, pause_s, now_s + pause_s, soon)


def _ended_soon(process: ProcessInfo, last: Revival) -> bool:
    """Tell whether the start after `last` was not followed by a healthy time.

    A start that came to nothing leaves the times of the one before it.
    """
    not_started = process.started_at == last.process.started_at
    return not_started or process.stopped_at - process.started_at < HEALTHY_S
