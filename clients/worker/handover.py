"""The slots that another worker gets, and until when they are relayed here, too.

That one follows the frames only when it has read who the members are; its status says
of which slots it has (`clients.worker.readiness`).
"""

HANDOVER_S = 1.0
"""The least: what was on its way when the status was said has come by then."""

HANDOVER_MAX_S = 10.0
"""The most. Who was not heard for three seconds is dead, and others get the slot; but
who lives and never reads the members would have it relayed here for ever."""

STOPS_WITHIN_S = 2.0
"""The most for a worker that is being stopped: supervisor kills it after three."""


class Handover:
    """Knows which slots are handed over, since when, and until when at most."""

    def __init__(self) -> None:
        self._since_s: dict[str, float] = {}
        self._until_s = 0.0

    @property
    def slots(self) -> frozenset[str]:
        """Those that are handed over just now."""
        return frozenset(self._since_s)

    def begin(self, slots: frozenset[str], now_s: float) -> None:
        """Hand some slots over, too.

        Who lives has changed: those before have perhaps another new worker now, which
        gets as much time as the first.
        """
        self._since_s |= dict.fromkeys(slots, now_s)
        self._until_s = now_s + HANDOVER_MAX_S

    def end(self, served: frozenset[str], now_s: float) -> frozenset[str]:
        """Return the slots whose handing over has ended, each once.

        Args:
            served: Those whose members somebody knows who serves them.
            now_s: The time.
        """
        over = frozenset(
            slot
            for slot, since_s in self._since_s.items()
            if (slot in served and now_s - since_s >= HANDOVER_S)
            or now_s >= self._until_s
        )
        for slot in over:
            del self._since_s[slot]
        return over
