"""Latency by rate as an SVG that reads well on light and on dark pages.

The same result gives the same bytes: no date, no random ids.
"""

from contextlib import AbstractContextManager
from io import BytesIO

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tests.load.measured import CaseResult, CaseRun, Result, Spread
from tests.load.reporting.cases import of_kind, p50, p99

_GREY = "#7d8590"  # 4 : 1 or more on white and on near-black
_COLOURS = ("#2f81f7", "#db6d28", "#3fb950", "#a371f7")
_SIZE_IN = (7.2, 3.6)
_SHIFT = 0.16
"""Between the series of one rate, on an axis where rates are 1 apart."""


def latency_by_rate(result: Result) -> bytes | None:
    """Draw tap → frame over the rates of the loads; None where there are none."""
    cases = [
        case
        for case in of_kind(result, "load")
        if "PRESET" not in case.settings and not case.members
    ]
    cases = [case for case in cases if case.spread(_p99) and case.offered_per_s]
    if not cases:
        return None
    with _style():
        figure = Figure(figsize=_SIZE_IN, layout="constrained")
        _draw(figure.add_subplot(), cases)
        figure.legend(frameon=False, ncols=4, loc="outside upper left", fontsize=8)
        image = BytesIO()
        figure.savefig(image, format="svg", transparent=True, metadata={"Date": None})
    return image.getvalue()


def _style() -> AbstractContextManager[None]:
    return rc_context(
        {
            "svg.hashsalt": "emostream",
            "svg.fonttype": "path",  # the same wherever it is seen
            "font.size": 10,
            "text.color": _GREY,
            "axes.labelcolor": _GREY,
            "axes.edgecolor": _GREY,
            "xtick.color": _GREY,
            "ytick.color": _GREY,
            "axes.spines.top": False,
            "axes.spines.right": False,
        }
    )


def _draw(axes: Axes, cases: list[CaseResult]) -> None:
    rates = sorted({case.offered_per_s or 0 for case in cases})
    sizes = sorted({case.per_post or 0 for case in cases})
    for index, size in enumerate(sizes):
        chosen = [case for case in cases if (case.per_post or 0) == size]
        shift = (index - (len(sizes) - 1) / 2) * _SHIFT
        at = [rates.index(case.offered_per_s or 0) + shift for case in chosen]
        _series(axes, at, chosen, f"POSTs of {size}", _COLOURS[index % len(_COLOURS)])
        _mark_invalid(axes, at, chosen)
    axes.set_xticks(range(len(rates)), [f"{rate:,.0f}" for rate in rates])
    axes.set_xlim(-0.5, len(rates) - 0.5)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("reactions a second")
    axes.set_ylabel("tap → frame, ms")
    axes.grid(axis="y", color=_GREY, alpha=0.25, linewidth=0.6)


def _series(
    axes: Axes, at: list[float], cases: list[CaseResult], label: str, colour: str
) -> None:
    """Draw p99 filled and p50 hollow, each with its least and greatest."""
    for name, read, filled in (("p99", _p99, True), ("p50", _p50, False)):
        spreads = [spread for case in cases if (spread := case.spread(read))]
        middles = [spread.median for spread in spreads]
        axes.errorbar(
            at,
            middles,
            yerr=_whiskers(spreads),
            label=f"{label}, {name}",
            color=colour,
            marker="o",
            markersize=6,
            markerfacecolor=colour if filled else "none",
            linewidth=1.4 if filled else 0.9,
            linestyle="-" if filled else ":",
            capsize=3,
        )


def _mark_invalid(axes: Axes, at: list[float], cases: list[CaseResult]) -> None:
    for x, case in zip(at, cases, strict=True):
        spread = case.spread(_p99)
        if spread and not case.is_valid:
            axes.text(x, spread.high, " invalid", fontsize=8)


def _whiskers(spreads: list[Spread]) -> list[list[float]]:
    below = [spread.median - spread.low for spread in spreads]
    above = [spread.high - spread.median for spread in spreads]
    return [below, above]


def _p50(run: CaseRun) -> float | None:
    return p50(run.canary)


def _p99(run: CaseRun) -> float | None:
    return p99(run.canary)
