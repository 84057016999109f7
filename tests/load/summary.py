"""A run in one line, for who watches the bench."""

from collections.abc import Iterator

from tests.load.case_run import AUDIENCE, GENERATOR, Audience
from tests.load.measured import CaseRun, ReferenceRun


def of_run(run: CaseRun) -> str:
    """Return the figures that matter, and everything that is wrong."""
    return "; ".join(_parts(run)) or "nothing measured"


def of_reference(run: ReferenceRun) -> str:
    """Return its rate, in all and for a core."""
    return (
        f"{run.rate_per_s:,.0f} {run.unit}/s with {run.cpu_cores:.2f} cores:"
        f" {run.per_core_s:,.0f} for a core-second"
    )


def _parts(run: CaseRun) -> Iterator[str]:
    if run.start:
        yield f"ready after {run.start.ready_s:.1f} s"
        yield f"first frame {run.start.first_frame_s:.1f} s later"
    if run.accepted_per_s is not None:
        yield f"{run.accepted_per_s:,.0f}/s accepted"
    for what, found in (("frame", run.canary), ("client", run.registered)):
        if found:
            yield f"tap → {what} p50 {found.p50_ms:.0f}, p99 {found.p99_ms:.0f} ms"
    yield from _of_audience(run.audience)
    if run.book:
        yield f"accepted {run.book.accepted:,}, counted {run.book.counted:,}"
    others = {name: count for name, count in run.answers.items() if name != "202"}
    if others:
        yield f"other answers {others}"
    if run.usage:
        yield f"{run.system_cpu_cores:.2f} cores, {run.system_rss_mib:,.0f} MiB"
    yield from (
        f"{usage.name} {usage.cpu_cores:.2f} cores"
        for usage in run.usage
        if usage.name in {GENERATOR, AUDIENCE}
    )
    if run.late_share:
        yield f"late {run.late_share:.2%}"
    yield from (f"INVALID: {reason}" for reason in run.invalid)
    yield from (f"FAILURE: {reason}" for reason in run.failures)
    yield from (f"TOO MUCH: {reason}" for reason in run.excess)


def _of_audience(audience: Audience | None) -> Iterator[str]:
    if audience is None:
        return
    yield f"{audience.members:,} members, {audience.frames} frames"
    if audience.missed:
        yield f"missed {audience.missed}"
    if audience.spread:
        yield f"first to last relay p99 {audience.spread.p99_ms:.0f} ms"
    if audience.relay:
        yield f"worker → client p99 {audience.relay.p99_ms:.1f} ms"
