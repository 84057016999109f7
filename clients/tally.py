"""What became of reactions, counted."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from clients.sender import Accepted, Outcome, Refused, Unknown


@dataclass(slots=True)
class Tally:
    """What became of `asked` reactions, so far."""

    asked: int = 0
    accepted: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    unknown: int = 0
    refusal: Refused | None = None

    @property
    def settled(self) -> int:
        """Reactions of which we know as much as we ever will."""
        return self.accepted + self.rejected.total() + self.refused + self.unknown

    @property
    def complete(self) -> bool:
        """Whether every reaction is stored."""
        return self.accepted == self.asked

    def add(self, size: int, outcome: Outcome) -> None:
        """Enter a batch of `size`."""
        match outcome:
            case Accepted(count=count, rejected=rejected):
                self.accepted += count
                self.rejected += rejected
            case Refused():
                self.refused += size
                self.refusal = outcome
            case Unknown():
                self.unknown += size

    def lines(self) -> Iterator[str]:
        """Say it, a line for each fate."""
        yield f"accepted {self.accepted}"
        for reason, count in self.rejected.items():
            yield f"rejected {count}: {reason}"
        if self.refusal:
            reasons = ", ".join(self.refusal.rejected)
            label = self.refusal.label + (f" ({reasons})" if reasons else "")
            yield f"refused {self.refused}: {label}: {self.refusal.help}"
        if self.unknown:
            yield f"unknown {self.unknown}: no certain answer, may be counted or not"
        if self.settled < self.asked:
            yield f"not sent {self.asked - self.settled}"
