"""How a target's figure is read off a result: of which cases, and of which repeats."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.load.measured import CaseResult, CaseRun, Result

Figure = Callable[[CaseRun], float | None]


@dataclass(frozen=True, slots=True)
class Measure:
    """How a target's figure is read off a result that has valid runs alone."""

    read: Callable[[Result], float | None]
    figure: Figure = lambda _: None
    """Of one run."""

    is_about: Callable[[CaseResult], bool] = lambda _: False

    def unproved(self, result: Result) -> Iterator[str]:
        """Name the cases it is about that were run, but not once to be judged by."""
        for case in result.cases:
            if self.is_about(case) and not any(map(self._counts, case.repeats)):
                yield case.name

    def _counts(self, run: CaseRun) -> bool:
        if run.invalid:
            return False
        # One that failed before it had the figure proves no more than an invalid one.
        return self.figure(run) is not None or not run.failures


def median(case: str, figure: Figure) -> Measure:
    """Return the median of a case's figure."""

    def read(result: Result) -> float | None:
        found = result.case(case)
        spread = found and found.spread(figure)
        return spread.median if spread else None

    return Measure(read, figure, lambda one: one.name == case)


def worst(figure: Figure, case: str | None = None) -> Measure:
    """Return the greatest of a figure, over all repeats and all cases that have it."""

    def is_about(one: CaseResult) -> bool:
        if case is None:
            return any(figure(run) is not None for run in one.repeats)
        return one.name == case

    def read(result: Result) -> float | None:
        chosen = [one for one in result.cases if is_about(one)]
        runs = [run for one in chosen for run in one.repeats]
        values = [value for run in runs if (value := figure(run)) is not None]
        return max(values, default=None)

    return Measure(read, figure, is_about)


def least(figure: Figure, kind: str) -> Measure:
    """Return the least of the medians of all cases of a kind."""

    def is_about(one: CaseResult) -> bool:
        return one.kind == kind

    def read(result: Result) -> float | None:
        found = [case.spread(figure) for case in result.cases if is_about(case)]
        return min((spread.median for spread in found if spread), default=None)

    return Measure(read, figure, is_about)
