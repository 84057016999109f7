"""Which workers of the cluster live, as one of them knows it."""

from clients.worker.wire import WorkerStatus

SILENT_AFTER_S = 3.0
"""A worker that was not heard for so long is dead to the others, and has to know it."""

STATUS_EVERY_S = 1.0


class Peers:
    """The other workers, each with what it said last.

    Args:
        me: The name of the worker whose peers they are: it always lives.
    """

    def __init__(self, me: str) -> None:
        self._me = me
        self._heard_s: dict[str, float] = {}
        self._said: dict[str, WorkerStatus] = {}

    def hear(self, name: str, said: WorkerStatus, now_s: float) -> None:
        """Note a sign of life; what was retained counts as one."""
        if name != self._me:
            self._heard_s[name] = now_s
            self._said[name] = said

    def part(self, name: str) -> None:
        """Note that one took leave, or that the broker said so for it."""
        self._heard_s.pop(name, None)

    def has_others(self, now_s: float) -> bool:
        """Tell whether another one lives."""
        return len(self.live(now_s)) > 1

    def live(self, now_s: float) -> frozenset[str]:
        """Return the names of those that live, this worker among them."""
        heard = (
            name
            for name, at_s in self._heard_s.items()
            if now_s - at_s <= SILENT_AFTER_S
        )
        return frozenset((self._me, *heard))

    def members(self, now_s: float) -> int:
        """Return how many members the others have that live."""
        return sum(said.members for said in self._said_by(now_s))

    def slots(self, now_s: float) -> frozenset[str]:
        """Return the slots that the others serve, as each said last.

        One that gets a slot names it once it has read the members. One of an older
        version names it at once.
        """
        return frozenset(slot for said in self._said_by(now_s) for slot in said.slots)

    def _said_by(self, now_s: float) -> list[WorkerStatus]:
        live = self.live(now_s)
        return [said for name, said in self._said.items() if name in live]
