"""Containers beside processes, as Markdown."""

from collections.abc import Iterator
from pathlib import Path

from tests.load import figures
from tests.load.measured import CaseResult, CaseRun, Spread
from tests.load.reporting.text import NOTHING, figure, number, table
from tests.load.sides import Sides

RATE_SHARE_MIN, P99_RATIO_MAX = 0.9, 1.2
IMAGES_MIB_MAX = {"kafka": 350, "spark": 900, "plain": 250, "nginx": 250}


def of_file(file: Path) -> str:
    """Show what a file has; nothing where there is none."""
    return sides(Sides.from_json(file.read_bytes())) if file.exists() else ""


def sides(found: Sides) -> str:
    """Show both sides of each case, the images, and the starts."""
    head = ("case", "figure", "processes", "containers", "ratio", "wanted")
    rows = [
        row
        for ours, theirs in zip(
            found.processes.cases, found.containers.cases, strict=True
        )
        for row in _rows(ours.valid, theirs.valid)
    ]
    sizes = [
        (name, number(mib), number(IMAGES_MIB_MAX[name]))
        for name, mib in found.images_mib.items()
    ]
    parts = [
        (
            f"Measured at {found.taken_at}, commit {found.machine.commit},"
            " by `make bench-compose`: in turn, on the same two cores.\n"
        ),
        table(head, rows),
        (
            f"From the order to start until all is ready: processes"
            f" {number(found.processes.start_s)} s, containers"
            f" {number(found.containers.start_s)} s, their images made of layers that"
            " are there (medians).\n"
        ),
        table(("image", "MiB", "at most"), sizes),
    ]
    if not found.is_sound:
        parts.insert(1, "**Not all runs were valid and right.**\n")
    return "\n".join(parts)


def _rows(ours: CaseResult, theirs: CaseResult) -> Iterator[tuple[str, ...]]:
    for name, of, bound in (
        ("accepted/s", _accepted, f"≥ {RATE_SHARE_MIN}"),
        ("tap → frame, p50, ms", _p50, ""),
        ("tap → frame, p99, ms", figures.canary_p99, f"≤ {P99_RATIO_MAX}"),
        ("cores of the system", _cores, ""),
    ):
        both = ours.spread(of), theirs.spread(of)
        yield ours.name, name, *map(figure, both), _ratio(*both), bound


def _ratio(ours: Spread | None, theirs: Spread | None) -> str:
    if ours is None or theirs is None or ours.median == 0:
        return NOTHING
    return f"{theirs.median / ours.median:.2f}"


def _accepted(run: CaseRun) -> float | None:
    return run.accepted_per_s


def _p50(run: CaseRun) -> float | None:
    return run.canary.p50_ms if run.canary else None


def _cores(run: CaseRun) -> float | None:
    return run.system_cpu_cores if run.usage else None
