"""Stops processes layer by layer, what needs others first, a layer side by side.

supervisord itself would stop one group after the other, and each process is a group.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from itertools import groupby
from typing import Protocol

from compose.supervision.rpc import REVIVER, ProcessInfo, State

_POLL_S = 0.1
_STARTED = frozenset({State.STARTING, State.RUNNING})


class Orders(Protocol):
    """What stopping needs of a supervisord."""

    def processes(self) -> dict[str, ProcessInfo]:
        """Return what it runs, by name."""
        ...

    def priorities(self) -> dict[str, int]:
        """Return the places in the order of need."""
        ...

    def tell_to_stop(self, process: ProcessInfo) -> None:
        """Ask a process to end, and return at once."""
        ...


def stop(
    orders: Orders,
    names: AbstractSet[str] | None,
    *,
    within_s: float,
    tell: Callable[[str], None],
) -> set[str]:
    """Stop processes that the reviver leaves alone; it is stopped only with all.

    Args:
        orders: The supervisord that runs them.
        names: Which; all and the reviver, which goes first, where this is None.
        within_s: How long at most; supervisord kills each when its own time is up.
        tell: Called for each that has ended, with its name.

    Returns:
        The names of those that have not ended.

    Raises:
        NoSupervisor: If supervisord does not answer.
    """
    deadline = time.monotonic() + within_s
    known = orders.processes()
    chosen = known.keys() & names if names is not None else known.keys()
    if names is None and REVIVER in known:
        orders.tell_to_stop(known[REVIVER])
    left: set[str] = set()
    for layer in stop_order(chosen - {REVIVER}, orders.priorities()):
        left |= _stop_layer(orders, layer, deadline, tell)
    return left


def stop_order(names: Iterable[str], priorities: Mapping[str, int]) -> list[set[str]]:
    """Return the layers of some processes, those that others need last.

    One that the configuration has no more comes first: nothing there needs it.
    """

    def place(name: str) -> float:
        return -priorities.get(name, float("inf"))

    return [set(layer) for _, layer in groupby(sorted(names, key=place), key=place)]


def _stop_layer(
    orders: Orders, layer: set[str], deadline: float, tell: Callable[[str], None]
) -> set[str]:
    """Return the names of those that have not ended."""
    told: set[str] = set()
    left = set(layer)
    while left:
        known = orders.processes()
        for name in sorted(left):
            info = known.get(name)
            if info is None or not info.state.is_alive:
                left.remove(name)
                if name in told:
                    tell(name)
            else:
                told.add(name)
                if info.state in _STARTED:  # or again, where it was just revived
                    orders.tell_to_stop(info)
        if not left or time.monotonic() > deadline:
            break
        time.sleep(_POLL_S)
    return left
