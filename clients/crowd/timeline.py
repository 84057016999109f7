"""A timeline: how an event's audience reacts from second to second.

Shipped ones are in `timelines`; what a file may hold, `clients.crowd.timeline_lines`
says. How fast one is played, and by how many, is the crowd's business.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Self

from clients.crowd.timeline_lines import (
    TOUCHING_S,
    BadTimeline,
    Burst,
    Chronicle,
    Moment,
)

__all__ = ["BadTimeline", "Moment", "Timeline"]

SUFFIX = ".jsonl"

_SHIPPED = files("clients.crowd") / "timelines"


@dataclass(frozen=True, slots=True)
class Timeline:
    """What happens when, how much is tapped then, and what."""

    title: str
    seconds: float
    moments: tuple[Moment, ...]
    _bursts: Sequence[Burst] = field(repr=False)
    """Those in which emoji are named, in order."""
    _corners: Sequence[tuple[float, float]] = field(repr=False)
    """Seconds and shares, in order, between which the share runs straight."""

    @classmethod
    def load(cls, name_or_path: str | Path) -> Self:
        """Read a shipped timeline by its name, or a file by its path.

        Raises:
            BadTimeline: If there is none, or it cannot be played.
        """
        name = str(name_or_path)
        shipped = _SHIPPED / f"{name}{SUFFIX}"
        is_shipped = name in cls.names()
        try:
            with (shipped if is_shipped else Path(name)).open("rb") as file:
                return cls.read(file, Path(name).stem)
        except OSError as error:
            raise BadTimeline(
                f"{name} cannot be read: {error.strerror or error}."
                f" Shipped are: {', '.join(cls.names())}."
            ) from error
        except BadTimeline as error:
            raise BadTimeline(f"{name}: {error}") from error

    @classmethod
    def read(cls, lines: Iterable[bytes], title: str) -> Self:
        """Read the lines of a file.

        Args:
            lines: Each with its end; the last is left out if it is unfinished.
            title: Where the file has none.

        Raises:
            BadTimeline: If they cannot be played.
        """
        told = Chronicle(title)
        for number, line in enumerate(lines, 1):
            try:
                told.take(line.strip())
            except BadTimeline as error:
                if line.endswith(b"\n"):
                    raise BadTimeline(f"line {number}: {error}") from error
        bursts, moments = told.bursts(), sorted(told.moments, key=lambda one: one.at_s)
        named = [burst for burst in bursts if any(burst.counts.values())]
        if not named:
            raise BadTimeline("nobody taps anything")
        seconds = max(bursts[-1].end_s, *(one.at_s for one in moments), 0)
        corners = [*_corners(bursts)]
        return cls(told.title, seconds, tuple(moments), named, corners)

    @staticmethod
    def names() -> list[str]:
        """Name the timelines that are shipped."""
        names = (file.name for file in _SHIPPED.iterdir())
        return sorted(
            name.removesuffix(SUFFIX) for name in names if name.endswith(SUFFIX)
        )

    def moment(self, at_s: float) -> str:
        """Return what has happened last by then; nothing before the first."""
        past = [one.text for one in self.moments if one.at_s <= at_s]
        return past[-1] if past else ""

    def share(self, at_s: float) -> float:
        """Return how much is tapped at a moment, by the busiest one: 0 to 1."""
        if not 0 <= at_s <= self.seconds:
            return 0.0
        after = bisect_left(self._corners, at_s, key=lambda corner: corner[0])
        if after in {0, len(self._corners)}:
            return self._corners[max(0, after - 1)][1]
        (from_s, low), (to_s, high) = self._corners[after - 1 : after + 1]
        return low + (high - low) * (at_s - from_s) / (to_s - from_s)

    def mixture(self, at_s: float) -> Mapping[str, float]:
        """Return what is tapped at a moment: each emoji's share, together 1.

        Where nothing is, it is what was tapped last, or else first.
        """
        index = bisect_right(self._bursts, at_s, key=lambda burst: burst.at_s)
        counts = self._bursts[max(0, index - 1)].counts
        whole = sum(counts.values())
        return {emoji: number / whole for emoji, number in counts.items() if number}


def _corners(bursts: Sequence[Burst]) -> Iterator[tuple[float, float]]:
    """Put a corner into the middle of each burst, and where a gap begins and ends."""
    peak = max(burst.per_s for burst in bursts)
    end_s = 0.0
    for burst in bursts:
        if burst.at_s > end_s + TOUCHING_S:
            yield end_s, 0.0
            yield burst.at_s, 0.0
        yield burst.at_s + burst.for_s / 2, burst.per_s / peak
        end_s = burst.end_s
    yield end_s, 0.0
