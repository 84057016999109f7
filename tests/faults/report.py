"""From a result to what people read: a line for each trial, and the table.

The same result gives the same text. docs/reliability.md has the table between two
marks; the words around it are a person's.
"""

from collections.abc import Sequence
from pathlib import Path

from tests.faults.fault import Hit
from tests.faults.results import Result, Row, Trial, rows

DOCS = Path(__file__).parents[2] / "docs"
RESULT = DOCS / "faults.json"
DOCUMENT = DOCS / "reliability.md"

BEGIN = "<!-- faults: written by `make test-faults` -->"
END = "<!-- /faults -->"

_HEAD = (
    "part",
    "fault",
    "trials",
    "reactions",
    "lost",
    "counted twice",
    "recovery p50",
    "max",
    "hits of aimed",
)
_LEFT = 2
"""Columns of words; the others are numbers."""

_NONE = "-"


class NoPlaceForTable(Exception):
    """The document has lost the marks between which the table goes."""


def line(trial: Trial) -> str:
    """Say in a line what came of a trial."""
    if trial.impossible:
        return f"----  {trial.title}: not possible here: {trial.impossible}"
    recovery = "never" if trial.recovery_s is None else f"{trial.recovery_s:.1f} s"
    words = [
        f"{'BAD' if trial.broken else 'ok':<4}  {trial.title}: {trial.reactions:,}",
        f"reactions, lost {trial.lost}, twice {trial.twice}, back after {recovery}",
    ]
    if trial.unknown:
        words.append(f"({trial.unknown:,} unknown)")
    if trial.hit is not Hit.NOT_AIMED:
        words.append(f"[{trial.hit}]")
    if trial.note:
        words.append(f"- {trial.note}")
    told = [f"      BROKEN {one}" for one in trial.broken]
    return "\n".join([" ".join(words), *told])


def table(result: Result) -> str:
    """Return the table as Markdown, its columns aligned."""
    cells = [_HEAD, *map(_cells, rows(result))]
    widths = [max(len(row[at]) for row in cells) for at in range(len(_HEAD))]
    rule = [
        "-" * width if at < _LEFT else "-" * (width - 1) + ":"
        for at, width in enumerate(widths)
    ]
    padded = [_padded(row, widths) for row in cells]
    return "\n".join(f"| {' | '.join(row)} |" for row in [padded[0], rule, *padded[1:]])


def summary(result: Result) -> str:
    """Say in a few lines what the run came to."""
    trials = [one for one in result.trials if not one.impossible]
    reactions = sum(one.reactions for one in trials)
    failures = [*result.failures()]
    minutes = f"{result.seconds / 60:.0f} min, seed {result.seed}"
    lost, twice = sum(one.lost for one in trials), sum(one.twice for one in trials)
    lines = [
        f"{len(trials)} trials in {minutes}:",
        f"{reactions:,} reactions, lost {lost:,}, counted twice {twice:,}.",
    ]
    if result.recounts:
        agree = sum(one.agrees for one in result.recounts)
        lines.append(
            f"Counted again from Kafka's log: {agree} of"
            f" {len(result.recounts)} rooms agree."
        )
    if result.left_out:
        lines.append(f"No time for {len(result.left_out)}: {result.left_out[0]}, …")
    lines += [f"BROKEN {words}" for words in failures]
    if trials and not failures:
        lines.append("Every promise was kept.")
    return "\n".join(lines)


def with_table(document: str, result: Result) -> str:
    """Return a document with the table of a result between its marks.

    Raises:
        NoPlaceForTable: If it has no such marks.
    """
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise NoPlaceForTable(f"{BEGIN} … {END} is missing")
    return f"{before}{BEGIN}\n{table(result)}\n\n{summary(result)}\n{END}{after}"


def publish(result: Result, raw: bytes) -> None:
    """Write a result to where it is committed, and its table into the document.

    Raises:
        NoPlaceForTable: If the document has no place for it.
    """
    RESULT.write_bytes(raw)
    DOCUMENT.write_text(with_table(DOCUMENT.read_text(), result))


def _cells(row: Row) -> tuple[str, ...]:
    if row.impossible and not row.trials:
        rest = [f"not possible here: {row.impossible}", *[_NONE] * (len(_HEAD) - 3)]
        return (row.part, row.name, *rest)
    return (
        row.part,
        row.name,
        str(row.trials),
        f"{row.reactions:,}",
        _counted(row.lost),
        _counted(row.twice),
        _seconds(row.recovery_p50_s),
        _seconds(row.recovery_max_s),
        f"{row.hits} of {row.aimed}" if row.aimed else _NONE,
    )


def _counted(count: int) -> str:
    return f"**{count:,}**" if count else "0"


def _seconds(seconds: float | None) -> str:
    return _NONE if seconds is None else f"{seconds:.1f} s"


def _padded(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [
        cell.ljust(width) if at < _LEFT else cell.rjust(width)
        for at, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
