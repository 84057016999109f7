"""What clients missed while clusters came and went: from what each crowd says. Pure."""

from collections.abc import Iterator, Sequence

from clients.crowd.report import Report
from clients.crowd.wire import Attended
from tests.load.crowd_run import Scaled
from tests.load.measured import CaseRun


def run_of(
    clients: int,
    clusters: tuple[tuple[float, int], ...],
    published_s: Sequence[float],
    reports: Sequence[Report],
) -> CaseRun:
    """Sum up what became of everybody.

    Args:
        clients: The most at a time.
        clusters: Since when there were how many.
        published_s: When each frame was.
        reports: Of those who stayed, and of those who came and went.
    """
    crowds = [one.attended for one in reports]
    found = Scaled(
        clients=clients,
        clusters=clusters,
        frames=max(one.frames for one in crowds),
        missed=sum(one.missed for one in crowds),
        published=len(published_s),
        to_nobody=sum(to_nobody(one, published_s) for one in crowds),
        missed_away=sum(one.missed_away for one in crowds),
        moves=sum(one.moves for one in crowds),
        reconnects=sum(one.reconnects for one in crowds),
        never_assigned=sum(map(_never_assigned, reports)),
        turned_away=sum(one.put_out for one in crowds),
        not_back=sum(one.unserved for one in crowds),
    )
    return CaseRun(
        measured_s=clusters[-1][0],
        scaled=found,
        invalid=tuple(why for one in reports for why in one.invalid),
        failures=(*(why for one in reports for why in one.failures), *_failures(found)),
    )


def to_nobody(crowd: Attended, published_s: Sequence[float]) -> int:
    """Return how many frames were due to a crowd, and came to none of it."""
    made_s = [int(at_s * 1000) / 1000 for at_s in published_s]  # as frames say it
    due = sum(crowd.owed_from_s <= at_s <= crowd.owed_until_s for at_s in made_s)
    return max(0, due - crowd.frames)


def _never_assigned(report: Report) -> int:
    """Return who never joined; a crowd does not say it of who came just now."""
    got = report.attended
    missing = report.plan.everybody - got.members - got.put_out
    return max(got.not_joined, missing)


def _failures(found: Scaled) -> Iterator[str]:
    if found.to_nobody:
        yield f"{found.to_nobody:,} frames came to nobody whom they were due to"
    if found.missed_away:
        yield f"{found.missed_away:,} frames were missed with a connection lost"
    if found.most == found.clusters[0][1]:
        yield f"there were never more than {found.most} clusters"
