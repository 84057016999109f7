"""A part that was killed, and what was seen of it until it was back. Pure.

Nothing is taken for granted: that it runs again is seen from supervisord, that it
serves, and that a worker's slots are served, from what the workers say, and that a
broker's clients are served from themselves.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from clients.crowd.progress import Progress
from compose.demo.happening import Happening, Kind
from compose.demo.known import Known
from compose.supervision.rpc import ProcessInfo, State
from mosquitto.placement import all_slots


@dataclass(frozen=True, slots=True)
class Look:
    """How things stand at a moment."""

    now_s: float
    """By the clock on the wall, as in what workers say."""

    known: Known
    processes: Mapping[str, ProcessInfo]
    progress: Progress


@dataclass(frozen=True, slots=True)
class Victim:
    """A part that is to be killed."""

    process: str
    cluster: str
    pid: int
    clients: int
    """Of the room, whom it serves."""

    slots: frozenset[str] = frozenset()
    """Of a worker; a broker has none."""

    @property
    def name(self) -> str:
        """What it is called in a sentence."""
        is_broker = self.process == self.cluster
        return f"{self.cluster}'s broker" if is_broker else self.process


class Kill(ABC):
    """One part, from its end to when all is as before.

    Args:
        victim: What was killed.
        look: How things stood just before.
        now_s: When it was.
    """

    def __init__(self, victim: Victim, look: Look, now_s: float) -> None:
        self.victim = victim
        self.before = look.progress
        self.killed_s = now_s
        self.served_after_s: float | None = None
        """When its clients were served again, as seen: not later than this."""
        self.back_after_s: float | None = None
        """When supervisord had it running again."""
        self.ready_after_s: float | None = None
        """When it did its work again."""

    @property
    def is_over(self) -> bool:
        """Whether all is as before."""
        return None not in {self.served_after_s, self.ready_after_s}

    def look(self, look: Look) -> Iterator[Happening]:
        """Yield what is new."""
        after_s = look.now_s - self.killed_s
        if self.served_after_s is None and self._is_served(look):
            self.served_after_s = after_s
            yield self._well(look, self._served_words(look, after_s))
        process = look.processes.get(self.victim.process)
        if self.back_after_s is None and process and self._is_another(process):
            self.back_after_s = after_s
            yield self._well(
                look,
                f"{self.name} was started again by itself after {after_s:.1f} s"
                f" (pid {process.pid})",
            )
        if self.back_after_s is not None and self.ready_after_s is None:
            words = self._ready_words(look, after_s)
            if words:
                self.ready_after_s = after_s
                yield self._well(look, words)

    @property
    def name(self) -> str:
        """What it is called in a sentence."""
        return self.victim.name

    @abstractmethod
    def killed_words(self) -> str:
        """Say what was killed, and whom it served."""

    @abstractmethod
    def _is_served(self, look: Look) -> bool: ...

    @abstractmethod
    def _served_words(self, look: Look, after_s: float) -> str: ...

    @abstractmethod
    def _ready_words(self, look: Look, after_s: float) -> str:
        """Return nothing while it is not ready."""

    def _is_another(self, process: ProcessInfo) -> bool:
        return process.state is State.RUNNING and process.pid != self.victim.pid

    def _is_since(self, at_ms: int) -> bool:
        return at_ms >= self.killed_s * 1000

    @staticmethod
    def _well(look: Look, text: str) -> Happening:
        return Happening(look.now_s, Kind.WELL, text)


class WorkerKill(Kill):
    """A worker: its cluster's others take over its slots; no client does anything."""

    def killed_words(self) -> str:
        """Say what was killed, and whom it served."""
        victim = self.victim
        return (
            f"killed {self.name} (pid {victim.pid}), which served"
            f" {victim.clients:,} clients: {len(victim.slots)} of its cluster's"
            f" {len(all_slots())} slots"
        )

    def _is_served(self, look: Look) -> bool:
        return self.victim.slots <= self._slots(look, with_itself=True)

    def _served_words(self, look: Look, after_s: float) -> str:
        by_others = self.victim.slots <= self._slots(look, with_itself=False)
        who = "its cluster's other workers" if by_others else "its cluster"
        slots = len(self.victim.slots)
        return f"its {slots} slots are served by {who} after {after_s:.1f} s"

    def _ready_words(self, look: Look, after_s: float) -> str:
        for process, status in look.known.workers(self.victim.cluster):
            is_new = process == self.name and self._is_since(status.started_ms)
            if is_new and status.slots:
                slots = len(status.slots)
                return f"{self.name} serves {slots} slots again after {after_s:.1f} s"
        return ""

    def _slots(self, look: Look, *, with_itself: bool) -> frozenset[str]:
        said = [
            status.slots
            for process, status in look.known.workers(self.victim.cluster)
            if self._is_since(status.at_ms)
            and (
                process != self.name
                or (with_itself and self._is_since(status.started_ms))
            )
        ]
        return frozenset().union(*said)


class BrokerKill(Kill):
    """A cluster's broker: all its clients go to other clusters by themselves."""

    def killed_words(self) -> str:
        """Say what was killed, and whom it served."""
        victim = self.victim
        return (
            f"killed {self.name} (pid {victim.pid}):"
            f" {victim.clients:,} clients have to move"
        )

    def _is_served(self, look: Look) -> bool:
        now, before = look.progress, self.before
        came = now.reconnects + now.moves - before.reconnects - before.moves
        return came > 0 and now.joined >= now.expected

    def _served_words(self, look: Look, after_s: float) -> str:
        everybody = look.progress.expected
        return f"all {everybody:,} clients are served, seen after {after_s:.1f} s"

    def _ready_words(self, look: Look, after_s: float) -> str:
        if look.known.clusters.get(self.victim.cluster) is None:
            return ""
        said = [status for _, status in look.known.workers(self.victim.cluster)]
        if not any(self._is_since(status.at_ms) and status.slots for status in said):
            return ""
        return (
            f"{self.victim.cluster} takes clients again after {after_s:.1f} s;"
            " those who moved stay"
        )
