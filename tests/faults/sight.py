"""What one viewer was shown, and whether it ever went backwards. Pure."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Self

Position = tuple[str, int, int]
"""`(epoch, seq, window_start_ms)`: of two frames of a room the higher is newer."""


@dataclass(frozen=True, slots=True)
class Shown:
    """As much of a frame as is looked at here."""

    room: str
    position: Position
    total: int
    totals: Counter[str]

    @classmethod
    def of(cls, raw: bytes | bytearray) -> Self:
        """Read a frame from the wire."""
        frame: dict[str, Any] = json.loads(raw)
        return cls(
            frame["room"],
            (frame["epoch"], frame["seq"], frame["window_start_ms"]),
            frame["total"],
            Counter(frame["totals"]),
        )


@dataclass(slots=True)
class Sight:
    """All that one viewer sees, over all its connections."""

    who: str
    newest: dict[str, Shown] = field(default_factory=dict)
    """By room."""

    rises: dict[str, list[tuple[float, int]]] = field(default_factory=dict)
    """By room, each new total and when it came, monotonic."""

    faults: list[str] = field(default_factory=list)
    """Each time that a total fell, an older frame came after a newer one, or
    it gave up."""

    def take(self, shown: Shown, at_s: float) -> None:
        """Look at a frame as it comes; the same one may come again."""
        before = self.newest.get(shown.room)
        if before and shown.position < before.position:
            self._note(f"went back to {shown.position}", before)
            return
        if before and shown.total < before.total:
            self._note(f"fell to {shown.total} at {shown.position}", before)
        self.newest[shown.room] = shown
        self.rises.setdefault(shown.room, []).append((at_s, shown.total))

    def total(self, room: str) -> int:
        """Return the newest total of a room; 0 if there is none."""
        shown = self.newest.get(room)
        return shown.total if shown else 0

    def first_above(self, room: str, total: int) -> float | None:
        """Return when more than `total` was first shown; None if it never was."""
        rises = [*self.rises.get(room, [])]  # another thread adds to it
        return next((at_s for at_s, found in rises if found > total), None)

    def _note(self, what: str, before: Shown) -> None:
        self.faults.append(
            f"{self.who}: {before.room} {what}, from {before.total} at"
            f" {before.position}"
        )
