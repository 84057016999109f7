"""Who kills what, and when: one worker, and later one cluster's broker.

One thing at a time: the next only when all are served again. Nothing is killed while
others than the demo's own clients are served, unless that is wanted.
"""

from collections.abc import Callable, Iterator

from clients.crowd.progress import Phase
from compose.demo.happening import Happening, Kind
from compose.demo.kills import BrokerKill, Kill, Look, Victim, WorkerKill
from compose.demo.known import Known
from compose.supervision.rpc import State

WORKER_AT, BROKER_AT = 1 / 3, 2 / 3
"""Of the replay."""


class Director:
    """Kills what is due, and tells what it sees of it.

    Args:
        end: Kills a process by its id.
        mark: Told when clients had to move, in seconds since the epoch.
        spares_others: Whether nothing is killed while others are served.
    """

    def __init__(
        self,
        end: Callable[[int], None],
        mark: Callable[[float], None],
        *,
        spares_others: bool,
    ) -> None:
        self._end, self._mark = end, mark
        self._spares_others = spares_others
        self._due: list[tuple[float, type[Kill]]] = [
            (WORKER_AT, WorkerKill),
            (BROKER_AT, BrokerKill),
        ]
        self.kills: list[Kill] = []
        self.spared: list[str] = []
        """Why what was due was not killed."""

    @property
    def is_missed(self) -> bool:
        """Whether something that was killed does not do its work again yet."""
        return any(kill.ready_after_s is None for kill in self.kills)

    def is_due(self, share: float) -> bool:
        """Tell whether something is to be killed when so much of the match is over."""
        return bool(self._due) and share >= self._due[0][0]

    def look(self, look: Look) -> Iterator[Happening]:
        """Kill what is due, and yield what is new."""
        for kill in self.kills:
            if not kill.is_over:
                yield from kill.look(look)
        now = look.progress
        if not now.of_s or not self.is_due(now.at_s / now.of_s):
            return
        if now.phase is Phase.SENDING and self._is_mended:
            _, kind = self._due.pop(0)
            yield self._kill(kind, look)
        elif now.phase is Phase.SETTLING:
            self._due.clear()
            why = "no broker is killed: a worker's clients were not served in time"
            self.spared.append(why)
            yield Happening(look.now_s, Kind.NOTE, why)

    @property
    def _is_mended(self) -> bool:
        return all(kill.served_after_s is not None for kill in self.kills)

    def _kill(self, kind: type[Kill], look: Look) -> Happening:
        victim = self._worker(look) if kind is WorkerKill else self._broker(look)
        why = self._why_not(victim, look)
        if victim is None or why:
            self.spared.append(why)
            return Happening(look.now_s, Kind.NOTE, why)
        try:
            self._end(victim.pid)
        except ProcessLookupError:
            why = f"{victim.name} was to be killed, and had just ended by itself"
            self.spared.append(why)
            return Happening(look.now_s, Kind.NOTE, why)
        if kind is BrokerKill:
            self._mark(look.now_s)
        kill = kind(victim, look, look.now_s)
        self.kills.append(kill)
        return Happening(look.now_s, Kind.KILLED, kill.killed_words())

    def _why_not(self, victim: Victim | None, look: Look) -> str:
        others = look.known.others
        if victim is None:
            return "nothing was found to be killed: no worker says whom it serves"
        if self._spares_others and others:
            return (
                f"{victim.name} is not killed: others are served here, too"
                f" ({others:,}); --yes kills it all the same"
            )
        return ""

    def _worker(self, look: Look) -> Victim | None:
        """Choose the worker that serves most, where most are."""
        known = look.known
        cluster = _fullest(known, "")
        found = [
            Victim(name, cluster, pid, known.here(status), frozenset(status.slots))
            for name, status in known.workers(cluster)
            if (pid := _pid(look, name)) and status.slots
        ]
        return max(found, key=lambda victim: victim.clients, default=None)

    def _broker(self, look: Look) -> Victim | None:
        """Choose the broker that serves most, in a cluster that was left alone."""
        past = self.kills[-1].victim.cluster if self.kills else ""
        cluster = _fullest(look.known, past)
        pid = _pid(look, cluster)
        clients = look.known.clusters.get(cluster)
        return Victim(cluster, cluster, pid, clients or 0) if pid else None


def _fullest(known: Known, but: str) -> str:
    """Return the cluster with most of the room's clients, if possible another one."""
    here = {name: count for name, count in known.clusters.items() if count}
    return max(here, key=lambda name: (name != but, here[name]), default="")


def _pid(look: Look, process: str) -> int:
    info = look.processes.get(process)
    return info.pid if info and info.state is State.RUNNING else 0
