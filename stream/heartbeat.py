"""When a sign of life is due: a rule over a clock; who sends it is left out."""

PULSE_EVERY_S = 2.0
STUCK_AFTER_S = 10.0
"""A trigger that takes longer is no sign of life."""


class Heartbeat:
    """Beats every two seconds while triggers are completed, or none is under way."""

    def __init__(self, now_s: float, completed: int) -> None:
        """Begin; the first beat is due at once.

        Args:
            now_s: Of a monotonic clock, as later.
            completed: The newest trigger that is completed, as later.
        """
        self._due_s = self._alive_s = now_s
        self._completed = completed

    def is_due(self, now_s: float) -> bool:
        """Tell whether it is time to look, and to call `beats`."""
        return now_s >= self._due_s

    def beats(self, now_s: float, completed: int, *, is_triggering: bool) -> bool:
        """Take a look, and tell whether there is life to report.

        Args:
            now_s: When the look is taken; the next is due two seconds after the
                time for this one, or now if that is past.
            completed: The newest trigger that is completed.
            is_triggering: Whether one is under way.
        """
        self._due_s = max(self._due_s + PULSE_EVERY_S, now_s)
        if completed > self._completed or not is_triggering:
            self._alive_s = now_s
        self._completed = completed
        return now_s - self._alive_s < STUCK_AFTER_S
