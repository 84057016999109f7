"""The figures to be reached as a table, and what README quotes of them."""

import re

from tests.load.measured import Result, Verdict
from tests.load.reporting.method import doubts
from tests.load.reporting.text import NOTHING, number, table

_BEGIN = "<!-- bench: written by `make bench` -->"
_END = "<!-- /bench -->"


_NEVER = "never"


class NoPlaceForFigures(ValueError):
    """README has no lines between which the figures go."""


def targets(result: Result) -> str:
    """Show each target, what was measured, and by how much it is met or missed."""
    head = ("target", "wanted", "measured", "")
    rows = [
        (one.target, _wanted(one), _measured(one), outcome(one))
        for one in result.verdicts
    ]
    return table(head, rows) if rows else "No target was measured in this run.\n"


def outcome(verdict: Verdict) -> str:
    """Say whether a target is met, and by how much."""
    if verdict.is_met is None:
        names = ", ".join(verdict.unproved)
        return f"**no valid run** of {names}" if names else "not measured"
    word = "met" if verdict.is_met else "**missed**"
    margin = verdict.margin
    return word if not margin else f"{word} by {abs(margin) * 100:.0f} %"


def readme_block(result: Result | None) -> str:
    """Return what README says of the committed result, its marks included."""
    if result is None:
        said = "No result is committed yet: `make bench` measures.\n"
    else:
        doubt = doubts(result)
        said = targets(result) + (f"\n{doubt}" if doubt else "")
    return f"{_BEGIN}\n{said}{_END}"


def with_figures(readme: str, result: Result | None) -> str:
    """Return README with this result's figures.

    Raises:
        NoPlaceForFigures: If the marks are missing.
    """
    place = re.compile(f"{re.escape(_BEGIN)}.*?{re.escape(_END)}", re.DOTALL)
    if not place.search(readme):
        raise NoPlaceForFigures(f"README needs the lines {_BEGIN} and {_END}")
    return place.sub(lambda _: readme_block(result), readme, count=1)


def _wanted(verdict: Verdict) -> str:
    bound = "≤" if verdict.at_most else "≥"
    return f"{bound} {number(verdict.wanted)} {verdict.unit}"


def _measured(verdict: Verdict) -> str:
    if verdict.is_endless:
        return _NEVER
    if verdict.measured is None:
        return NOTHING
    return f"{number(verdict.measured)} {verdict.unit}"
