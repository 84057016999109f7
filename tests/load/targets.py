"""The figures to be reached, in one place, and what a result makes of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.load.measured import CaseRun, Result, Verdict

EMPTY_ROUTE = "empty-flask-route"
IN_TURN = "ratio"
"""Of that reference: our rate by its own."""

STEADY = "20k-by-100"
PEAK = "200k-by-500"
IDLE = "idle"
START_UP = "start-up"
AUDIENCE = "audience"


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


def _canary_p99(run: CaseRun) -> float | None:
    return run.canary.p99_ms if run.canary else None


def _not_accepted(run: CaseRun) -> float | None:
    if not run.answers:
        return None
    return sum(count for status, count in run.answers.items() if status != "202")


def _miscounted(run: CaseRun) -> float | None:
    if run.book is None:
        return None
    book = run.book
    least, most = book.accepted, book.accepted + book.unknown
    return max(least - book.counted, book.counted - most, 0)


def _memory_mib(run: CaseRun) -> float | None:
    return run.system_rss_mib if run.usage else None


def _spread_p99(run: CaseRun) -> float | None:
    spread = run.audience and run.audience.spread
    return spread.p99_ms if spread else None


def _relay_p99(run: CaseRun) -> float | None:
    relay = run.audience and run.audience.relay
    return relay.p99_ms if relay else None


def _worker_mib(run: CaseRun) -> float | None:
    """Return the memory of the worker that has most."""
    return max((one.rss_peak_mib for one in run.usage if one.is_worker), default=None)


def _worker_cores(run: CaseRun) -> float | None:
    """Return the CPU of the busiest worker."""
    return max((one.cpu_cores for one in run.usage if one.is_worker), default=None)


def _ready_s(run: CaseRun) -> float | None:
    return run.start.ready_s if run.start else None


def _singles_share(result: Result) -> float | None:
    """Return our single POSTs by an empty route's, measured in turn with them."""
    empty = result.reference(EMPTY_ROUTE)
    spread = empty and empty.spread(lambda run: float(run.details[IN_TURN]))
    return spread.median if spread else None


TARGETS = (
    Target("20,000/s: tap → frame, p99", "ms", 1200, _median(STEADY, _canary_p99)),
    Target(
        "200,000/s by 500: tap → frame, p99", "ms", 2000, _median(PEAK, _canary_p99)
    ),
    Target(
        "200,000/s by 500: first answers that were not 202",
        "POSTs",
        0,
        _worst(_not_accepted, PEAK),
    ),
    Target("Every case: accepted but not counted", "reactions", 0, _worst(_miscounted)),
    Target(
        "1,000 clients: a cluster's first to last relay of a frame, p99",
        "ms",
        50,
        _median(AUDIENCE, _spread_p99),
    ),
    Target(
        "1,000 clients: worker → client, p99",
        "ms",
        20,
        _median(AUDIENCE, _relay_p99),
    ),
    Target(
        "Single POSTs, of an empty route's",
        "share",
        0.65,
        _singles_share,
        at_most=False,
    ),
    Target("The whole system's memory, the most", "MiB", 2560, _worst(_memory_mib)),
    Target("A worker's memory, the most", "MiB", 60, _worst(_worker_mib)),
    Target("Idle", "cores", 0.25, _median(IDLE, lambda run: run.system_cpu_cores)),
    Target("Idle: the busiest worker", "cores", 0.01, _median(IDLE, _worker_cores)),
    Target(
        "Ready after `up`",
        "s",
        40,
        _median(START_UP, _ready_s),
    ),
)
"""Two cores, everything and the generator on the one machine."""
