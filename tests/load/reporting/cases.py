"""The cases of a result as tables: latency, hops, CPU and memory."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from tests.load.measured import (
    Audience,
    CaseResult,
    CaseRun,
    Latency,
    Result,
    Spread,
    Usage,
)
from tests.load.reporting.text import NOTHING, figure, number, table

Read = Callable[[CaseRun], float | None]


def p50(latency: Latency | None) -> float | None:
    """Return the median of a latency that may not have been measured."""
    return latency.p50_ms if latency else None


def p95(latency: Latency | None) -> float | None:
    """Return its 95th percentile."""
    return latency.p95_ms if latency else None


def p99(latency: Latency | None) -> float | None:
    """Return its 99th percentile."""
    return latency.p99_ms if latency else None


def cpu(run: CaseRun) -> float | None:
    """Return the system's CPU, where processes were measured."""
    return run.system_cpu_cores if run.usage else None


def memory(run: CaseRun) -> float | None:
    """Return the system's memory, where processes were measured."""
    return run.system_rss_mib if run.usage else None


def of_kind(result: Result, *kinds: str) -> list[CaseResult]:
    """Return the cases of these kinds."""
    return [case for case in result.cases if case.kind in kinds]


def loads(result: Result) -> str:
    """Show what the loads came to."""
    cases = of_kind(result, "load", "maximum")
    to_client: tuple[tuple[str, Read], ...] = (
        ("tap → client p50 ms", lambda run: p50(run.registered)),
        ("p99 ms", lambda run: p99(run.registered)),
    )
    if not any(run.registered for case in cases for run in case.repeats):
        to_client = ()  # measured before there were registered clients
    columns: tuple[tuple[str, Read], ...] = (
        ("accepted /s", lambda run: run.accepted_per_s),
        ("tap → frame p50 ms", lambda run: p50(run.canary)),
        ("p99 ms", lambda run: p99(run.canary)),
        *to_client,
        ("POST p99 ms", lambda run: p99(run.post)),
        ("system cores", cpu),
        ("MiB", memory),
    )
    return figures(cases, columns)


def audiences(result: Result) -> str:
    """Show how frames came to many registered clients."""
    cases = [
        case
        for case in of_kind(result, "load", "maximum")
        if any(run.audience for run in case.repeats)
    ]
    return figures(
        cases,
        (
            ("clients", _heard(lambda found: found.members)),
            ("frames", _heard(lambda found: found.frames)),
            ("missed", _heard(lambda found: found.missed)),
            ("worker → client p50 ms", _heard(lambda found: p50(found.relay))),
            ("p99 ms", _heard(lambda found: p99(found.relay))),
            ("first to last relay p50 ms", _heard(lambda found: p50(found.spread))),
            ("p99 ms", _heard(lambda found: p99(found.spread))),
            ("first to last arrival p99 ms", _heard(lambda found: p99(found.arrivals))),
        ),
    )


def figures(cases: Sequence[CaseResult], columns: Sequence[tuple[str, Read]]) -> str:
    """Show these figures of these cases: a row a case.

    Args:
        cases: Whose.
        columns: What each is called, and how it is read off a run.
    """
    rows = [
        (
            case.title,
            *(figure(case.spread(read)) for _, read in columns),
            remark(case),
        )
        for case in cases
    ]
    head = ("case", *(name for name, _ in columns), "")
    return table(head, rows) if rows else ""


def rests(result: Result) -> str:
    """Show what the system takes when it starts, and when nobody reacts."""
    idle = [
        (case.title, f"{figure(case.spread(cpu))} cores", _mib(case), remark(case))
        for case in of_kind(result, "idle")
    ]
    starts = [
        (case.title, f"{_seconds(case)} s", NOTHING, remark(case))
        for case in of_kind(result, "startup")
    ]
    rows = [*starts, *idle]
    return table(("case", "median (least to most)", "memory", ""), rows) if rows else ""


def hops(result: Result) -> str:
    """Show where a tap's time goes, hop by hop."""
    cases = [case for case in result.cases if any(run.hops_ms for run in case.repeats)]
    names = list(dict.fromkeys(n for c in cases for r in c.repeats for n in r.hops_ms))
    rows = [
        (case.title, *(_median(case.spread(_hop(name))) for name in names))
        for case in cases
    ]
    return table(("case, ms", *names), rows) if rows else ""


def processes(result: Result, read: Callable[[Usage], float]) -> str:
    """Show one figure of each process in each case: a row a process.

    Args:
        result: All cases.
        read: The figure.
    """
    cases = [case for case in result.cases if any(run.usage for run in case.repeats)]
    names = list(dict.fromkeys(_names(cases)))
    rows = [
        (name, *(_median(case.spread(_used(name, read))) for case in cases))
        for name in names
    ]
    return table(("", *(case.name for case in cases)), rows) if rows else ""


def remark(case: CaseResult) -> str:
    """Mark a case with which something is wrong; `reasons` says what."""
    marks = ["**invalid**"] if not case.is_valid else []
    marks += ["**wrong**"] if not case.is_right else []
    marks += ["too much"] if not case.is_borne else []
    return ", ".join(marks)


def reasons(result: Result) -> str:
    """Say of each marked case why it is: a line a case."""
    return "\n".join(
        f"- {case.title}: {'; '.join(why)}"
        for case in result.cases
        if (
            why := [
                *_distinct(run.invalid for run in case.repeats),
                *_distinct(run.failures for run in case.repeats),
                *_distinct(run.excess for run in case.repeats),
            ]
        )
    )


def _heard(read: Callable[[Audience], float | None]) -> Read:
    return lambda run: read(run.audience) if run.audience else None


def _distinct(reasons: Iterator[Sequence[str]]) -> list[str]:
    return list(dict.fromkeys(reason for of_run in reasons for reason in of_run))


def _mib(case: CaseResult) -> str:
    return f"{figure(case.spread(memory))} MiB"


def _seconds(case: CaseResult) -> str:
    ready = case.spread(lambda run: run.start.ready_s if run.start else None)
    first = case.spread(lambda run: run.start.first_frame_s if run.start else None)
    return f"{figure(ready)}, first frame after {figure(first)}"


def _hop(name: str) -> Read:
    return lambda run: run.hops_ms.get(name)


def _used(name: str, read: Callable[[Usage], float]) -> Read:
    return lambda run: _of_each(run, read).get(name)


def _names(cases: Sequence[CaseResult]) -> Iterator[str]:
    for case in cases:
        for run in case.repeats:
            yield from _of_each(run, lambda one: one.cpu_cores)


def _of_each(run: CaseRun, read: Callable[[Usage], float]) -> Mapping[str, float]:
    """Return a figure of each process; of the workers, what all and what one has."""
    workers = [read(one) for one in run.usage if one.is_worker]
    found: dict[str, float] = {}
    for one in run.usage:
        if one.is_worker:
            found[f"workers ({len(workers)})"] = sum(workers)
            found["the greatest worker"] = max(workers)
        else:
            found[one.name] = read(one)
    return found


def _median(spread: Spread | None) -> str:
    return number(spread.median) if spread else NOTHING
