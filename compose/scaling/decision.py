"""Whether there are too few or too many clusters and workers: a pure function.

Above 80 % for some seconds there is one more, below 30 % for longer one fewer; what
is between changes nothing. After a change there is a pause, longer before a step down
than before a step up. What is not known never leads to a step down.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from compose.scaling.bounds import Bounds
from compose.scaling.calls import (
    AddCluster,
    AddWorker,
    Call,
    Kind,
    RemoveCluster,
    RemoveWorker,
    calls,
    eased,
)
from compose.scaling.load import Load

_NOT_SEEN = "not all is seen yet of the last change"

_GAP_S = 5.0
"""Looks that lie further apart say nothing of the time between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long something has to hold, and how long nothing follows a change."""

    up_after_s: float = 3.0
    """Three statuses say the same: it is no burst."""

    down_after_s: float = 30.0
    """Who leaves for a moment comes back."""

    up_pause_s: float = 10.0
    """Clients who were refused a place ask again within that, and are seen."""

    down_pause_s: float = 60.0
    """A cluster that goes moves its clients: not more often than this."""

    visible_within_s: float = 60.0
    """What a change has not brought by then, the next step up does not wait for."""


@dataclass(frozen=True, slots=True)
class Stay:
    """Nothing is changed."""

    reason: str
    is_news: bool = False
    """A person may want to do something, and it was not said yet."""
    is_held: bool = False
    """It only has to wait for what was begun, and that was not said yet."""


Decision = AddCluster | RemoveCluster | AddWorker | RemoveWorker | Stay


@dataclass(frozen=True, slots=True)
class Memory:
    """What the looks before have left; nothing before the first."""

    looked_s: float = -math.inf
    size: tuple[int, int] | None = None
    """How many clusters and workers there were."""
    changed_s: float = -math.inf
    """When that was changed last, or could not be."""
    since_s: Mapping[Kind, float] = field(default_factory=dict)
    """Since when each change is called for, without a break."""
    told: frozenset[Kind] = frozenset()
    """Of which changes it was said that there may be no more."""
    held: frozenset[Kind] = frozenset()
    """Of which it was said that they wait for the last change to be seen."""

    def changed(self, now_s: float) -> "Memory":
        """Return it after a change, or a try: what was seen before says nothing now."""
        return replace(self, changed_s=now_s, since_s={}, held=frozenset())


def decide(
    load: Load, bounds: Bounds, memory: Memory, now_s: float, pace: Pace
) -> tuple[Decision, Memory]:
    """Judge the load at one look.

    Args:
        load: What is known now.
        bounds: Between which it may be changed.
        memory: As the look before returned it, or `Memory.changed`.
        now_s: By the monotonic clock.
        pace: How fast it may go.

    Returns:
        What should be done, and the memory for the next look.
    """
    called_for = [*calls(load, bounds)]
    memory = _looked(load, called_for, memory, now_s)
    stay = Stay("nothing calls for a change")
    for call in called_for:
        held_s = now_s - memory.since_s[call.kind]
        reason = f"{call.figures} for {held_s:.0f} s"
        if held_s < (pace.up_after_s if call.is_up else pace.down_after_s):
            continue
        if call.bound:
            stay = Stay(f"{reason}, but {call.bound}")
            is_for_a_person = call.is_up or call.is_blocked
            if is_for_a_person and call.kind not in memory.told:
                told = replace(memory, told=memory.told | {call.kind})
                return replace(stay, is_news=True), told
        elif why := _hindrance(load, now_s - memory.changed_s, pace, is_up=call.is_up):
            stay = Stay(f"{reason}, but {why}")
            if why == _NOT_SEEN and call.kind not in memory.held:
                held = replace(memory, held=memory.held | {call.kind})
                return replace(stay, is_held=True), held
        else:
            change = call.kind(call.clusters, call.workers, reason)
            return change, memory.changed(now_s)
    return stay, memory


def _looked(
    load: Load, called_for: Iterable[Call], memory: Memory, now_s: float
) -> Memory:
    """Note what is called for now, and since when."""
    size = (len(load.clusters), load.workers)
    if memory.size not in {None, size}:  # by us, or by hand
        memory = memory.changed(now_s)
    since_s = memory.since_s if now_s - memory.looked_s <= _GAP_S else {}
    return Memory(
        looked_s=now_s,
        size=size,
        changed_s=memory.changed_s,
        since_s={call.kind: since_s.get(call.kind, now_s) for call in called_for},
        told=memory.told - eased(load),
        held=memory.held,
    )


def _hindrance(load: Load, passed_s: float, pace: Pace, *, is_up: bool) -> str:
    """Say what it has to wait for, so long after the last change."""
    if passed_s < (pace.up_pause_s if is_up else pace.down_pause_s):
        return f"the last change was {passed_s:.0f} s ago"
    if is_up and not load.is_whole and passed_s < pace.visible_within_s:
        return _NOT_SEEN
    return ""
