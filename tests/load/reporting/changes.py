"""The change since the last committed result, and whether it is more than noise."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from tests.load.measured import FORMAT, CaseResult, CaseRun, Machine, Result, Spread
from tests.load.reporting.cases import cpu, p99
from tests.load.reporting.text import figure, percent, table

_FIGURES: tuple[tuple[str, Callable[[CaseRun], float | None]], ...] = (
    ("tap → frame p99, ms", lambda run: p99(run.canary)),
    ("tap → client p99, ms", lambda run: p99(run.registered)),
    (
        "worker → client p99, ms",
        lambda run: p99(run.audience.relay) if run.audience else None,
    ),
    ("accepted /s, the most", lambda run: run.accepted_per_s),
    ("ready after, s", lambda run: run.start.ready_s if run.start else None),
    ("system, cores", cpu),
)

_ONLY_OF = {"accepted /s, the most": "maximum"}
"""A load's rate is set, not found."""


def last_committed(file: Path, current: bytes) -> Result | None:
    """Return the newest committed version of `file` that is not `current`.

    So what is compared with stays the same before and after the commit of a result.
    None where there is none: the first one, no git, or a form not read any more.
    """
    for commit in _git(file.parent, "log", "--format=%H", "--", file.name).split():
        raw = _git(file.parent, "show", f"{commit.decode()}:./{file.name}")
        if raw and raw != current:
            return _read(raw)
    return None


def changes(result: Result, previous: Result | None) -> str:
    """Say how each case compares with an earlier result's."""
    if previous is None:
        return "There is no earlier result to compare with.\n"
    earlier = f"{previous.taken_at}, commit {previous.machine.commit}"
    if _kind(result.machine) != _kind(previous.machine):
        return (
            f"The last committed result ({earlier}) was measured on another machine"
            f" ({_kind(previous.machine)}): no comparison.\n"
        )
    rows = [row for case in result.cases for row in _case(case, previous)]
    if not rows:
        return f"The last committed result ({earlier}) has none of these cases.\n"
    head = ("case", "figure", "before", "now", "change", "")
    return f"Compared with {earlier}.\n\n{table(head, rows)}"


def _case(case: CaseResult, previous: Result) -> Iterator[tuple[str, ...]]:
    before = previous.case(case.name)
    if before is None:
        return
    for label, read in _FIGURES:
        was, now = before.spread(read), case.spread(read)
        if was and now and _ONLY_OF.get(label, case.kind) == case.kind:
            change = percent(now.median / was.median - 1) if was.median else ""
            said = _remark(case, before, was, now)
            yield case.name, label, figure(was), figure(now), change, said


def _remark(case: CaseResult, before: CaseResult, was: Spread, now: Spread) -> str:
    if not (case.is_valid and before.is_valid):
        return "invalid"
    if was.low <= now.high and now.low <= was.high:
        return "inside the spread"
    return ""


def _kind(machine: Machine) -> str:
    return f"{machine.cpus} cores of {machine.model}"


def _read(raw: bytes) -> Result | None:
    try:
        result = Result.from_json(raw)
    except msgspec.MsgspecError:
        return None  # of a form that this code does not read any more
    return result if result.format == FORMAT else None


def _git(folder: Path, *arguments: str) -> bytes:
    try:
        done = subprocess.run(
            ["git", *arguments],  # noqa: S607 - as the user's PATH has it
            cwd=folder,
            capture_output=True,
            check=False,
        )
    except OSError:
        return b""  # no git, or no such folder: nothing to compare with
    return done.stdout if done.returncode == 0 else b""
