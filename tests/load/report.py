"""From a result to what people read: docs/benchmarks.md, its plot, README's figures.

`python -m tests.load.report docs/benchmarks.json` writes them again. The same result
gives the same bytes. What a person writes is in docs/benchmarks-notes.md, which is
taken over as it is.
"""

import argparse
from pathlib import Path

from tests.load.child import ROOT
from tests.load.measured import Result
from tests.load.reporting import cases, crowds, references, sides
from tests.load.reporting.changes import changes, last_committed
from tests.load.reporting.method import doubts, machine, method
from tests.load.reporting.plot import latency_by_rate
from tests.load.reporting.targets import targets, with_figures
from tests.load.sides import RESULT as CONTAINERS

RESULT = ROOT / "docs" / "benchmarks.json"
"""The committed one."""

REPORT = "benchmarks.md"
PLOT = "benchmarks.svg"
NOTES = "benchmarks-notes.md"


def document(
    result: Result,
    *,
    previous: Result | None,
    notes: str,
    plot: str,
    containers: str = "",
) -> str:
    """Return the whole report.

    Args:
        result: What was measured.
        previous: An earlier result to compare with, if there is one.
        notes: What a person wrote about it, as Markdown.
        plot: File name of the plot, or nothing.
        containers: What was measured of them, as Markdown, if anything was.
    """
    sections = [
        ("Targets", targets(result)),
        ("", notes),
        ("Load", cases.loads(result) + _image(plot)),
        ("Registered clients", cases.audiences(result)),
        ("A crowd that reacts", crowds.crowds(result)),
        ("Fan-out, beside a bare Mosquitto", crowds.fan_outs(result)),
        ("Storms", crowds.storms(result)),
        ("Auto-scaling", crowds.scalings(result)),
        ("Start, and rest", cases.rests(result)),
        ("What is marked, and why", cases.reasons(result)),
        ("Where a tap's time goes", _note(_HOPS, cases.hops(result))),
        ("CPU of each process, cores", cases.processes(result, lambda u: u.cpu_cores)),
        ("Memory, peak MiB", cases.processes(result, lambda u: u.rss_peak_mib)),
        ("In containers", containers),
        ("Against others on this machine", _against(result)),
        ("Since the last committed result", changes(result, previous)),
        ("How it was measured", method(result)),
        ("With what", machine(result.machine)),
    ]
    body = "\n".join(_section(title, text) for title, text in sections if text)
    return f"{_head(result)}\n{body}"


def table(result: Result) -> str:
    """Return the part that a terminal shows: targets, loads, and what else was run."""
    parts = [
        doubts(result),
        targets(result),
        cases.loads(result),
        cases.audiences(result),
        crowds.crowds(result),
        crowds.fan_outs(result),
        crowds.storms(result),
        crowds.scalings(result),
        cases.rests(result),
        cases.reasons(result),
        references.references(result),
        references.ratios(result),
    ]
    return "\n".join(part for part in parts if part)


def publish(result: Result) -> None:
    """Write the result and all that is made of it to where it is committed."""
    raw = result.to_json()
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_bytes(raw)
    _write_beside(RESULT, raw, result)


def rewrite() -> None:
    """Write the report of the committed result again: something beside it is new."""
    raw = RESULT.read_bytes()
    _write_beside(RESULT, raw, Result.from_json(raw))


def write(
    result: Result, *, folder: Path, previous: Result | None, readme: Path | None = None
) -> None:
    """Write the report and its plot into `folder`, and the figures into README.

    Args:
        result: What was measured.
        folder: Usually `docs`.
        previous: An earlier result to compare with, if there is one.
        readme: Whose figures to bring up to date, if any.

    Raises:
        NoPlaceForFigures: If README lost the lines between which they go.
    """
    folder.mkdir(exist_ok=True)
    image = latency_by_rate(result)
    if image:
        (folder / PLOT).write_bytes(image)
    notes = folder / NOTES
    (folder / REPORT).write_text(
        document(
            result,
            previous=previous,
            notes=notes.read_text() if notes.exists() else "",
            plot=PLOT if image else "",
            containers=sides.of_file(folder / CONTAINERS.name),
        )
    )
    if readme:
        readme.write_text(with_figures(readme.read_text(), result))


_HOPS = (
    "Medians, in the order of the way; they need not add up to the median of it all."
)


def _head(result: Result) -> str:
    return (
        "# Benchmarks\n\n"
        "<!-- Written by `make bench`; by hand only benchmarks-notes.md. -->\n\n"
        f"Measured at {result.taken_at}, commit {result.machine.commit}.\n"
        + _after_blank(doubts(result))
    )


def _section(title: str, text: str) -> str:
    return f"## {title}\n\n{text}" if title else text


def _against(result: Result) -> str:
    parts = [
        references.references(result),
        references.ratios(result),
        references.details(result),
        references.WHAT_THEY_ARE if result.references else "",
    ]
    return "\n".join(part for part in parts if part)


def _image(plot: str) -> str:
    return f"\n![Latency by rate]({plot})\n" if plot else ""


def _note(note: str, text: str) -> str:
    return f"{note}\n\n{text}" if text else ""


def _after_blank(text: str) -> str:
    return f"\n{text}" if text else ""


def _write_beside(file: Path, raw: bytes, result: Result) -> None:
    """Write what is made of a result into its folder; of the committed one, README."""
    write(
        result,
        folder=file.parent,
        previous=last_committed(file, raw),
        readme=ROOT / "README.md" if file == RESULT else None,
    )


def main() -> None:
    """Write the report of a result again."""
    parser = argparse.ArgumentParser(description="Write a result's report again.")
    parser.add_argument("file", type=Path, help="such as docs/benchmarks.json")
    file: Path = parser.parse_args().file.resolve()
    raw = file.read_bytes()
    _write_beside(file, raw, Result.from_json(raw))


if __name__ == "__main__":
    main()
