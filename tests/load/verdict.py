"""What became of a figure to be reached; part of the JSON that `measured` describes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """A figure to be reached, and what was."""

    target: str
    unit: str
    wanted: float
    at_most: bool
    """Otherwise at least."""

    measured: float | None
    """In valid runs; None: not measured in any."""

    unproved: tuple[str, ...] = ()
    """Cases that it is about, and that were run, but no run can be judged by."""

    is_endless: bool = False
    """Whether the figure, which JSON cannot say, is infinite: somebody never came."""

    @property
    def is_met(self) -> bool | None:
        """Whether it was reached; None where that is not known of every case."""
        if self.is_endless:
            return not self.at_most
        if self.measured is None:
            return None
        if self.at_most:
            is_met = self.measured <= self.wanted
        else:
            is_met = self.measured >= self.wanted
        return None if is_met and self.unproved else is_met

    @property
    def margin(self) -> float | None:
        """By how much of `wanted` it was reached (positive) or missed (negative)."""
        if self.measured is None or not self.wanted:
            return None
        gap = (self.measured - self.wanted) / self.wanted
        return -gap if self.at_most else gap
