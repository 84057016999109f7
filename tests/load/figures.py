"""Figures of a run that targets are set for; None where it has none. Pure."""

from tests.load.measured import CaseRun


def canary_p99(run: CaseRun) -> float | None:
    """Tap → frame."""
    return run.canary.p99_ms if run.canary else None


def not_accepted(run: CaseRun) -> float | None:
    """First answers that were not 202."""
    if not run.answers:
        return None
    return sum(count for status, count in run.answers.items() if status != "202")


def miscounted(run: CaseRun) -> float | None:
    """By how much the totals are off."""
    if run.book is None:
        return None
    book = run.book
    least, most = book.accepted, book.accepted + book.unknown
    return max(least - book.counted, book.counted - most, 0)


def memory_mib(run: CaseRun) -> float | None:
    """Of the whole system."""
    return run.system_rss_mib if run.usage else None


def spread_p99(run: CaseRun) -> float | None:
    """A cluster's first relay → its last."""
    spread = run.audience and run.audience.spread
    return spread.p99_ms if spread else None


def relay_p99(run: CaseRun) -> float | None:
    """Worker → client."""
    relay = run.audience and run.audience.relay
    return relay.p99_ms if relay else None


def worker_mib(run: CaseRun) -> float | None:
    """Return the memory of the worker that has most."""
    return max((one.rss_peak_mib for one in run.usage if one.is_worker), default=None)


def worker_cores(run: CaseRun) -> float | None:
    """Return the CPU of the busiest worker."""
    return max((one.cpu_cores for one in run.usage if one.is_worker), default=None)


def tap_p99(run: CaseRun) -> float | None:
    """Tap → own client."""
    return run.registered.p99_ms if run.registered else None


def apart_ms(run: CaseRun) -> float | None:
    """Return the longest from a frame's first viewer to its last."""
    apart = run.fan_out and run.fan_out.ours.apart
    return apart.max_ms if apart else None


def share(run: CaseRun) -> float | None:
    """Deliveries, of a bare broker's."""
    return run.fan_out.share if run.fan_out else None


def not_joined(run: CaseRun) -> float | None:
    """Who was never assigned."""
    return run.storm.never_assigned if run.storm else None


def join_s(run: CaseRun) -> float | None:
    """POST → assignment, p99; infinite where more than one in a hundred is missing."""
    p99_ms = run.storm.joins_p99_ms if run.storm else None
    return None if p99_ms is None else p99_ms / 1000


def connects(run: CaseRun) -> float | None:
    """Return those that a broker took in the busiest second."""
    return run.storm.reached_busiest if run.storm else None


def newer_s(run: CaseRun) -> float | None:
    """Killed → newer frame, p99; infinite as `join_s` is."""
    p99_ms = run.storm.newer_p99_ms if run.storm else None
    return None if p99_ms is None else p99_ms / 1000


def not_newer(run: CaseRun) -> float | None:
    """Who was not served in the end."""
    return run.storm.not_newer if run.storm else None


def ready_s(run: CaseRun) -> float | None:
    """From `up` on."""
    return run.start.ready_s if run.start else None


def missed_by_scaled(run: CaseRun) -> float | None:
    """Deliveries that were missed while clusters came and went, for whatever reason."""
    return run.scaled.missed_in_all if run.scaled else None


def unserved_by_scaled(run: CaseRun) -> float | None:
    """Clients that were not served while clusters came and went."""
    return run.scaled.unserved if run.scaled else None
