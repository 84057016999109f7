"""The figures to be reached, in one place, and what a result makes of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.load import figures
from tests.load.measured import CaseRun, Result, Verdict

EMPTY_ROUTE = "empty-flask-route"
IN_TURN = "ratio"
"""Of that reference: our rate by its own."""

STEADY = "20k-by-100"
PEAK = "200k-by-500"
IDLE = "idle"
START_UP = "start-up"
AUDIENCE = "audience"
CROWD = "crowd"
FAN_OUT, FAN_OUT_MOST = "fan-out", "fan-out-9000"
AUTO_SCALE = "auto-scale"
JOIN_STORM, RECONNECT_STORM = "join-storm", "reconnect-storm"


@dataclass(frozen=True, slots=True)
class Target:
    """A figure and its bound; the median of the repeats is what counts."""

    name: str
    unit: str
    wanted: float
    measure: Callable[[Result], float | None]
    at_most: bool = True


def verdicts(result: Result) -> Iterator[Verdict]:
    """Judge a result by every target."""
    for target in TARGETS:
        yield Verdict(
            target.name,
            target.unit,
            target.wanted,
            target.at_most,
            target.measure(result),
        )


def _median(
    case: str, figure: Callable[[CaseRun], float | None]
) -> Callable[[Result], float | None]:
    """Return what reads the median of a case's figure off a result."""

    def measure(result: Result) -> float | None:
        found = result.case(case)
        spread = found and found.spread(figure)
        return spread.median if spread else None

    return measure


def _worst(
    figure: Callable[[CaseRun], float | None], case: str | None = None
) -> Callable[[Result], float | None]:
    """Return what reads the greatest of a figure, over all repeats and all cases."""

    def measure(result: Result) -> float | None:
        chosen = [one for one in result.cases if case in (None, one.name)]
        runs = [run for one in chosen for run in one.repeats]
        values = [value for run in runs if (value := figure(run)) is not None]
        return max(values, default=None)

    return measure


def _least_share(result: Result) -> float | None:
    """Return the least of the medians: ours by the bare broker's."""
    cases = [case for case in result.cases if case.kind == FAN_OUT]
    found = [case.spread(figures.share) for case in cases]
    return min((spread.median for spread in found if spread), default=None)


def _singles_share(result: Result) -> float | None:
    """Return our single POSTs by an empty route's, measured in turn with them."""
    empty = result.reference(EMPTY_ROUTE)
    spread = empty and empty.spread(lambda run: float(run.details[IN_TURN]))
    return spread.median if spread else None


TARGETS = (
    Target(
        "20,000/s: tap → frame, p99", "ms", 1200, _median(STEADY, figures.canary_p99)
    ),
    Target(
        "200,000/s by 500: tap → frame, p99",
        "ms",
        2000,
        _median(PEAK, figures.canary_p99),
    ),
    Target(
        "200,000/s by 500: first answers that were not 202",
        "POSTs",
        0,
        _worst(figures.not_accepted, PEAK),
    ),
    Target(
        "Every case: accepted but not counted",
        "reactions",
        0,
        _worst(figures.miscounted),
    ),
    Target(
        "1,000 clients: a cluster's first to last relay of a frame, p99",
        "ms",
        50,
        _median(AUDIENCE, figures.spread_p99),
    ),
    Target(
        "1,000 clients: worker → client, p99",
        "ms",
        20,
        _median(AUDIENCE, figures.relay_p99),
    ),
    Target(
        "200 clients of 1,000/s each: tap → their own frame, p99",
        "ms",
        2000,
        _median(CROWD, figures.tap_p99),
    ),
    Target(
        "1,000 to 9,000 viewers: deliveries, of a bare broker's",
        "share",
        0.95,
        _least_share,
        at_most=False,
    ),
    Target(
        "9,000 viewers: a frame's first to last arrival, the most",
        "ms",
        300,
        _median(FAN_OUT_MOST, figures.apart_ms),
    ),
    Target(
        "2,000 clients within 10 s: never assigned",
        "clients",
        0,
        _worst(figures.not_joined, JOIN_STORM),
    ),
    Target(
        "2,000 clients within 10 s: POST → assignment, p99",
        "s",
        2,
        _median(JOIN_STORM, figures.join_s),
    ),
    Target(
        "A broker of 1,000 clients killed: connects in the busiest second",
        "connects",
        200,
        _worst(figures.connects, RECONNECT_STORM),
    ),
    Target(
        "A broker of 1,000 clients killed: a newer frame, p99",
        "s",
        15,
        _median(RECONNECT_STORM, figures.newer_s),
    ),
    Target(
        "A broker of 1,000 clients killed: not served in the end",
        "clients",
        0,
        _worst(figures.not_newer, RECONNECT_STORM),
    ),
    Target(
        "200, 2,000, 200 clients, auto-scaled: frames missed by anybody",
        "frames",
        0,
        _worst(figures.missed_by_scaled, AUTO_SCALE),
    ),
    Target(
        "Single POSTs, of an empty route's",
        "share",
        0.65,
        _singles_share,
        at_most=False,
    ),
    Target(
        "The whole system's memory, the most", "MiB", 2560, _worst(figures.memory_mib)
    ),
    Target("A worker's memory, the most", "MiB", 60, _worst(figures.worker_mib)),
    Target("Idle", "cores", 0.25, _median(IDLE, lambda run: run.system_cpu_cores)),
    Target(
        "Idle: the busiest worker", "cores", 0.01, _median(IDLE, figures.worker_cores)
    ),
    Target(
        "Ready after `up`",
        "s",
        40,
        _median(START_UP, figures.ready_s),
    ),
)
"""Two cores, everything and the generator on the one machine."""
