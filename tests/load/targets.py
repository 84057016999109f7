"""The figures to be reached, in one place, and what a result makes of them."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.load import figures
from tests.load.measured import Result, Verdict
from tests.load.measures import Measure, least, median, worst

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
    """A figure and its bound.

    The median of the repeats is what counts; where the name says "the most", or what is
    never to be, the worst of them.
    """

    name: str
    unit: str
    wanted: float
    measure: Measure
    at_most: bool = True


def verdicts(result: Result) -> Iterator[Verdict]:
    """Judge a result by every target, and by its valid runs alone."""
    valid = replace(result, cases=tuple(case.valid for case in result.cases))
    for target in TARGETS:
        measured = target.measure.read(valid)
        is_endless = measured == math.inf
        yield Verdict(
            target.name,
            target.unit,
            target.wanted,
            target.at_most,
            None if is_endless else measured,
            tuple(target.measure.unproved(result)),
            is_endless,
        )


def _singles_share(result: Result) -> float | None:
    """Return our single POSTs by an empty route's, measured in turn with them."""
    empty = result.reference(EMPTY_ROUTE)
    spread = empty and empty.spread(lambda run: float(run.details[IN_TURN]))
    return spread.median if spread else None


TARGETS = (
    Target(
        "20,000/s: tap → frame, p99", "ms", 1200, median(STEADY, figures.canary_p99)
    ),
    Target(
        "200,000/s by 500: tap → frame, p99",
        "ms",
        2000,
        median(PEAK, figures.canary_p99),
    ),
    Target(
        "200,000/s by 500: first answers that were not 202",
        "POSTs",
        0,
        worst(figures.not_accepted, PEAK),
    ),
    Target(
        "Every case: accepted but not counted",
        "reactions",
        0,
        worst(figures.miscounted),
    ),
    Target(
        "1,000 clients: a cluster's first to last relay of a frame, p99",
        "ms",
        50,
        median(AUDIENCE, figures.spread_p99),
    ),
    Target(
        "1,000 clients: worker → client, p99",
        "ms",
        20,
        median(AUDIENCE, figures.relay_p99),
    ),
    Target(
        "200 clients of 1,000/s each: tap → their own frame, p99",
        "ms",
        2000,
        median(CROWD, figures.tap_p99),
    ),
    Target(
        "1,000 to 9,000 viewers: deliveries, of a bare broker's",
        "share",
        0.95,
        least(figures.share, FAN_OUT),
        at_most=False,
    ),
    Target(
        "9,000 viewers: a frame's first to last arrival, the most",
        "ms",
        300,
        worst(figures.apart_ms, FAN_OUT_MOST),
    ),
    Target(
        "2,000 clients within 10 s: never assigned",
        "clients",
        0,
        worst(figures.not_joined, JOIN_STORM),
    ),
    Target(
        "2,000 clients within 10 s: POST → assignment, p99",
        "s",
        2,
        median(JOIN_STORM, figures.join_s),
    ),
    Target(
        "A broker of 1,000 clients killed: connects that brokers took, busiest second",
        "connects",
        200,
        worst(figures.connects, RECONNECT_STORM),
    ),
    Target(
        "A broker of 1,000 clients killed: a newer frame, p99",
        "s",
        15,
        median(RECONNECT_STORM, figures.newer_s),
    ),
    Target(
        "A broker of 1,000 clients killed: not served in the end",
        "clients",
        0,
        worst(figures.not_newer, RECONNECT_STORM),
    ),
    Target(
        "200, 2,000, 200 clients, auto-scaled: frames missed by anybody",
        "frames",
        0,
        worst(figures.missed_by_scaled, AUTO_SCALE),
    ),
    Target(
        "200, 2,000, 200 clients, auto-scaled: never served, or not in the end",
        "clients",
        0,
        worst(figures.unserved_by_scaled, AUTO_SCALE),
    ),
    Target(
        "Single POSTs, of an empty route's",
        "share",
        0.65,
        Measure(_singles_share),
        at_most=False,
    ),
    Target(
        "The whole system's memory, the most", "MiB", 2560, worst(figures.memory_mib)
    ),
    Target("A worker's memory, the most", "MiB", 60, worst(figures.worker_mib)),
    Target("Idle", "cores", 0.25, median(IDLE, lambda run: run.system_cpu_cores)),
    Target(
        "Idle: the busiest worker", "cores", 0.01, median(IDLE, figures.worker_cores)
    ),
    Target(
        "Ready after `up`",
        "s",
        40,
        median(START_UP, figures.ready_s),
    ),
)
"""Two cores, everything and the generator on the one machine."""
