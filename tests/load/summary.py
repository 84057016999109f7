"""A run in one line, for who watches the bench."""

from collections.abc import Iterator

from tests.load.case_run import AUDIENCE, GENERATOR, Audience
from tests.load.crowd_run import FanOut, Scaled, Storm
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
    yield from _of_many(run)
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


def _of_many(run: CaseRun) -> Iterator[str]:
    if run.fan_out:
        yield from _of_fan_out(run.fan_out)
    if run.storm:
        yield from _of_storm(run.storm)
    if run.scaled:
        steps = [f"{count} at {at_s:.0f} s" for at_s, count in run.scaled.clusters]
        yield f"clusters {', '.join(steps)}"
        yield from _of_scaled(run.scaled)


def _of_fan_out(found: FanOut) -> Iterator[str]:
    yield f"{found.viewers:,} viewers, {found.frames} frames"
    for name, side in (("ours", found.ours), ("bare", found.bare)):
        if side:
            reach = f"{side.reach.p99_ms:.0f}" if side.reach else "-"
            apart = f"{side.apart.max_ms:.0f}" if side.apart else "-"
            kib = f"{side.connection_kib:.1f}" if side.connection_kib else "-"
            going_out_per_s = found.going_out_per_s(side) or 0
            yield (
                f"{name}: {side.deliveries_per_s:,.0f}/s, missed {side.missed},"
                f" to the last p99 {reach} ms, apart at most {apart} ms,"
                f" {going_out_per_s:,.0f}/s while a frame goes out,"
                f" brokers {side.broker_cores:.3f} cores, {kib} KiB a connection,"
                f" viewers {side.viewers_share:.0%}"
            )


def _of_storm(found: Storm) -> Iterator[str]:
    yield f"{found.joined:,} of {found.clients:,} joined, put off {found.put_off}"
    if found.joins:
        joins = found.joins
        yield (
            f"POST → assignment p50 {joins.p50_ms:.0f}, p95 {joins.p95_ms:.0f},"
            f" p99 of all {found.joins_p99_ms:.0f} ms"
        )
    yield f"{found.connects_busiest} tries in the busiest second"
    if found.reached_busiest is not None:
        yield f"{found.reached_busiest} taken by brokers in theirs"
    if found.lost:
        yield f"{found.lost:,} lost theirs, {found.not_newer:,} got nothing newer"
    if found.newer:
        yield (
            f"newer frame p50 {found.newer.p50_ms / 1000:.1f},"
            f" p99 of all {(found.newer_p99_ms or 0) / 1000:.1f} s"
        )


def _of_scaled(found: Scaled) -> Iterator[str]:
    yield f"{found.published} frames, {found.to_nobody} came to nobody"
    yield f"missed {found.missed} there, {found.missed_away} away"
    yield f"{found.moves:,} moves, {found.reconnects:,} reconnects"
    yield (
        f"{found.never_assigned:,} never assigned, {found.turned_away:,} turned away,"
        f" {found.not_back:,} not back"
    )
