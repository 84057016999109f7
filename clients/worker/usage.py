"""How busy a worker is."""

from collections.abc import Callable

MEASURED_FOR_S = 0.5
"""Over less time a single frame would be all that it can do."""


class Usage:
    """CPU time by wall time.

    Args:
        cpu_s: Returns the CPU time of this process so far.
    """

    def __init__(self, cpu_s: Callable[[], float]) -> None:
        self._cpu_s = cpu_s
        self._before: tuple[float, float] | None = None
        self._busy = 0.0

    def busy(self, now_s: float) -> float:
        """Return the share since it was asked last; the same if that was just now."""
        used_s = self._cpu_s()
        before_s, used_before_s = self._before or (now_s, used_s)
        passed_s = now_s - before_s
        if self._before is None or passed_s >= MEASURED_FOR_S:
            self._before = now_s, used_s
        if passed_s >= MEASURED_FOR_S:
            self._busy = round((used_s - used_before_s) / passed_s, 3)
        return self._busy
