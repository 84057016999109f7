"""Figures and tables as Markdown that also reads well in a terminal."""

import unicodedata
from collections.abc import Sequence

from tests.load.measured import Spread

NOTHING = "-"
"""Where there is no figure."""

_DIGITS = 3
_WHOLE_FROM = 0.1


def number(value: float) -> str:
    """Write a figure with three digits that count: `1,234`, `12.3`, `0.123`."""
    if value == 0 or abs(value) >= 10 ** (_DIGITS - 1):
        return f"{value:,.0f}"
    digits = f"{value:.{_DIGITS}g}"
    if "e" in digits:
        return f"{value:.{_DIGITS}f}"
    return digits


def figure(spread: Spread | None) -> str:
    """Write a median, with the least and the greatest in brackets."""
    if spread is None:
        return NOTHING
    if spread.low == spread.high:
        return number(spread.median)
    return f"{number(spread.median)} ({number(spread.low)} to {number(spread.high)})"


def percent(share: float) -> str:
    """Write a share with its sign: `+3.4 %`, `-20 %`."""
    digits = 1 if abs(share) < _WHOLE_FROM else 0
    return f"{share * 100:+,.{digits}f} %"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; all but the first column are aligned to the right.

    A column without a head that is empty in all rows is left out.
    """
    columns = [column for column in zip(head, *rows, strict=True) if any(column)]
    head, *rows = zip(*columns, strict=True)
    widths = [max(map(_width, column)) for column in columns]
    rule = [
        "-" * width if index == 0 else "-" * (width - 1) + ":"
        for index, width in enumerate(widths)
    ]
    return "".join(
        "| " + " | ".join(_aligned(row, widths)) + " |\n" for row in (head, rule, *rows)
    )


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    spaces = [" " * (w - _width(c)) for c, w in zip(cells, widths, strict=True)]
    first, *others = zip(cells, spaces, strict=True)
    return [first[0] + first[1], *(space + cell for cell, space in others)]


def _width(text: str) -> int:
    """Return how many columns a terminal takes for `text`."""
    return sum(1 + (unicodedata.east_asian_width(char) in "WF") for char in text)
