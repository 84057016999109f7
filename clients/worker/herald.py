"""Says that a worker lives, how it does, and that it goes."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from clients.worker.broker import Broker
from clients.worker.desk import Desk
from clients.worker.identity import Identity, will
from clients.worker.usage import Usage
from clients.worker.wire import WorkerStatus

STATUS_EVERY_S = 1.0

READY_APART_S = 0.25
"""The least between two statuses that say nothing but that all slots are served now."""

ROOMS_SHOWN_MAX = 100
"""In a status: with the longest names half of what a broker takes."""


class Herald:
    """Tells a status every second, and when it is told to.

    At once it also tells that the worker is ready to serve all its slots: another one
    relays to them until then.

    Args:
        me: Which worker this is.
        broker: Tells the others.
        counts: What happened how often.
        wall_ms: Returns the time of day, in milliseconds since the epoch.
        cpu_s: Returns the CPU time that this process has used.
    """

    def __init__(
        self,
        me: Identity,
        broker: Broker,
        counts: Counter[str],
        wall_ms: Callable[[], int],
        cpu_s: Callable[[], float] = time.process_time,
    ) -> None:
        self._me, self._broker, self._counts = me, broker, counts
        self._wall_ms, self._started_ms = wall_ms, wall_ms()
        self._usage = Usage(cpu_s)
        self._farewell = will(me.cluster, me.name)
        self._due_s = self._ready_s = 0.0
        self._said: frozenset[str] = frozenset()

    def hurry(self) -> None:
        """Have something to say that the others shall know at once."""
        self._due_s = 0.0

    def is_due(self, desk: Desk, now_s: float) -> bool:
        """Tell whether a status is to be told."""
        is_ready = self._said != desk.members.ready == desk.members.slots
        return now_s >= self._due_s or (is_ready and now_s >= self._ready_s)

    def tell(self, desk: Desk, now_s: float) -> None:
        """Tell a status."""
        if now_s < self._due_s:
            self._ready_s = now_s + READY_APART_S
        self._due_s = now_s + STATUS_EVERY_S
        self._said = desk.members.ready
        status = self._status(desk, now_s)
        self._broker.publish(replace(self._farewell, payload=status.encode()))

    def part(self) -> None:
        """Tell that the worker goes."""
        self._broker.publish(self._farewell)

    def _status(self, desk: Desk, now_s: float) -> WorkerStatus:
        roster = desk.members.roster
        return WorkerStatus(
            cluster=self._me.cluster,
            worker=self._me.name,
            at_ms=self._wall_ms(),
            started_ms=self._started_ms,
            broker=self._me.broker,
            capacity=self._me.capacity,
            is_draining=desk.is_draining,
            busy=self._usage.busy(now_s),
            slots=tuple(sorted(desk.members.ready, key=int)),
            members=len(roster),
            rooms=roster.counts(ROOMS_SHOWN_MAX),
            rooms_in_all=roster.rooms_with_members,
            counts=dict(self._counts),
        )
