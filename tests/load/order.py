"""What a run of the bench is to measure, and about how long that takes. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.load.cases import OWN_SYSTEM, WARM_UP, Case
from tests.load.system import System

STACK_S = 40.0
"""An estimate: a start and a stop."""

_REFERENCES = 5
REFERENCE_START_S = 15.0


@dataclass(frozen=True, slots=True)
class Order:
    """What to measure, and how often."""

    cases: Sequence[Case]
    repeats: int
    reference_s: float
    """How long a repeat of a reference takes; 0 leaves them all out."""

    is_all: bool
    """Whether this is everything there is to measure."""

    running: System | None = None
    """One that runs already; otherwise the bench starts its own."""

    @property
    def by_settings(self) -> list[tuple[Mapping[str, str], list[Case]]]:
        """The cases that one system can have together; the defaults come first."""
        together: dict[tuple[tuple[str, str], ...], list[Case]] = {}
        if self.reference_s:
            together[()] = []
        for case in self.cases:
            if case.kind not in OWN_SYSTEM:
                together.setdefault(tuple(case.settings.items()), []).append(case)
        return [(dict(settings), cases) for settings, cases in together.items()]

    def times(self, case: Case) -> int:
        """Return how often a case is measured."""
        return min(self.repeats, case.repeats_max or self.repeats)

    def estimate_s(self) -> float:
        """Return about how long it takes."""
        cases_s = sum(case.estimate_s() * self.times(case) for case in self.cases)
        reference_s = self.reference_s * self.repeats + REFERENCE_START_S
        warm_ups = sum(is_warmed_up(cases) for _, cases in self.by_settings)
        return (
            cases_s
            + warm_ups * WARM_UP.estimate_s()
            + len(self.by_settings) * STACK_S
            + (_REFERENCES * reference_s if self.reference_s else 0)
        )


def is_warmed_up(cases: Sequence[Case]) -> bool:
    """Tell whether a system that has these cases is warmed up for them first."""
    return any(case.kind in {"load", "maximum", "crowd"} for case in cases)
