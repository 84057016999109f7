"""The references of a result: what the same machine does without our work."""

from collections.abc import Iterator, Mapping

from tests.load.measured import (
    CaseRun,
    ReferenceResult,
    Result,
    Spread,
)
from tests.load.reporting.text import figure, number, table

EMPTY_ROUTE = "empty-flask-route"
SPARK_NOOP = "spark-noop"
NAIVE = "flask-insert"

WHAT_THEY_ARE = """\
- The **empty route** and our single POSTs get the same bytes from the same loop, on
  gunicorns that differ in the app alone, in turn: ours, empty, ours, empty. While ours
  are posted the system counts them, on the same cores; while the empty route's are,
  it rests. The loop is closed: a connection posts again once it is answered.
- The **produce loop** sends records as ingest does (100 reactions, lz4, acks=all), but
  waits for nobody. Its cores are its own and Kafka's.
- **Spark** reads a topic to its end into the noop sink, and then counts it as the
  product does, in one session with the product's settings. What was counted has to be
  what is in the topic.
- **Mosquitto** has one publisher, and viewers on a connection each; the next frame is
  published when all have the one before. Its cores are the broker's alone.
- **Flask with INSERTs** is what a team would write first: four workers with a
  connection each, one INSERT per reaction, one commit per POST of 100, PostgreSQL as
  `initdb` sets it up, on a Unix socket. It stores and does nothing else, while ours
  also drops repeats, counts, and tells viewers. PostgreSQL waits for its disk at each
  commit, Kafka does not (its safety is replicas): compare core-seconds, not rates.
"""

_OF_A_HUNDRED = ("100k-by-100", "20k-by-100")
"""Cases with as many reactions in a POST as the naive app gets; the first known."""


def references(result: Result) -> str:
    """Show how much each of them does, and for how much CPU."""
    head = ("reference", "of what", "/s", "for a core-second", "cores", "")
    rows = [
        (
            one.title,
            one.unit,
            figure(one.spread(lambda run: run.rate_per_s)),
            figure(one.spread(lambda run: run.per_core_s)),
            figure(one.spread(lambda run: run.cpu_cores)),
            f"not measured: {one.skipped}" if one.skipped else "",
        )
        for one in result.references
    ]
    return table(head, rows) if rows else ""


def ratios(result: Result) -> str:
    """Show our figures by the references'."""
    rows = [(label, figure(spread)) for label, spread in _ratios(result) if spread]
    head = ("ours by the reference's", "median (least to most)")
    return table(head, rows) if rows else ""


def details(result: Result) -> str:
    """List what else was seen of each reference: medians."""
    said = ((one.title, list(_details(one))) for one in result.references)
    return "".join(f"- {title}: {', '.join(more)}.\n" for title, more in said if more)


def detail(reference: ReferenceResult | None, name: str) -> Spread | None:
    """Return one of a reference's further figures, over all repeats."""
    runs = reference.repeats if reference else ()
    values = [_number(run.details, name) for run in runs]
    known = [value for value in values if value is not None]
    return Spread.of(known) if known else None


def per_core_s(run: CaseRun) -> float | None:
    """Return the reactions that the whole system takes for a core-second."""
    if not run.accepted_per_s or not run.system_cpu_cores:
        return None
    return run.accepted_per_s / run.system_cpu_cores


def _ratios(result: Result) -> Iterator[tuple[str, Spread | None]]:
    empty = result.reference(EMPTY_ROUTE)
    yield "single POSTs/s by an empty route's, in turn", detail(empty, "ratio")
    yield (
        "single POSTs for a core-second of the web process, the same",
        detail(empty, "ratio_per_core"),
    )
    yield (
        "counted for a core-second of Spark, by read into nothing",
        detail(result.reference(SPARK_NOOP), "ratio_per_core"),
    )
    yield (
        "accepted, counted and shown for a core-second of all, by rows stored",
        _by_rows_stored(result),
    )


def _by_rows_stored(result: Result) -> Spread | None:
    naive = result.reference(NAIVE)
    stored = naive.spread(lambda run: run.per_core_s) if naive else None
    case = next(filter(None, map(result.case, _OF_A_HUNDRED)), None)
    ours = case.spread(per_core_s) if case else None
    if not (stored and ours):
        return None
    return Spread(
        ours.median / stored.median, ours.low / stored.high, ours.high / stored.low
    )


def _details(reference: ReferenceResult) -> Iterator[str]:
    first = reference.repeats[0].details if reference.repeats else {}
    for name, value in first.items():
        if name.startswith("ratio"):
            continue  # they have a table
        spread = detail(reference, name)
        shown = number(spread.median) if spread else str(value)
        yield f"{name.replace('_', ' ')} {shown}"


def _number(details: Mapping[str, float | str], name: str) -> float | None:
    value = details.get(name)
    return value if isinstance(value, int | float) else None
