"""The doctor: looks at what the system needs, before or while it runs.

Works where parts of that are broken: every check tells what it could not do, and
the others go on.
"""

from collections.abc import Callable, Sequence
from typing import Any

from rich.table import Table

from compose.doctor import folder, jars, machine, pages, versions
from compose.doctor.finding import Check, Finding, Level, ok, wrong
from compose.settings import BadSetting, Settings

CHECKS: tuple[Check, ...] = (
    versions.python,
    versions.java,
    versions.mosquitto,
    versions.modules,
    versions.locked,
    versions.pyspark,
    versions.librdkafka,
    jars.jar_sets,
    pages.built,
    folder.state_folder,
    folder.credentials,
    machine.openness,
    machine.ports,
    machine.memory,
    machine.disk,
    machine.files,
    machine.clock,
)
"""In the order in which a start would meet what they look at."""

SCHEMA = 1
"""Version of the document; a new field may come at any time."""

_STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.WRONG: "bold red"}


def examine(
    load: Callable[[], Settings] = Settings.load, checks: Sequence[Check] = CHECKS
) -> list[Finding]:
    """Make all checks; where a setting is bad, with the defaults."""
    try:
        settings, found = load(), [ok("settings", "All can be used.")]
    except BadSetting as error:
        settings = _defaults()
        remedy = "Correct it in the environment or in .env; what follows is about the"
        found = [wrong("settings", f"{error}.", f"{remedy} defaults.")]
    return found + [finding for check in checks for finding in check(settings)]


def _defaults() -> Settings:
    """Return the settings as if none was chosen: what is given is read nowhere else."""
    fields = Settings.model_fields
    return Settings.model_validate(
        {name: about.default for name, about in fields.items()}
    )


def is_well(findings: Sequence[Finding]) -> bool:
    """Tell whether nothing is wrong; there may be warnings."""
    return all(finding.level is not Level.WRONG for finding in findings)


def document(findings: Sequence[Finding]) -> dict[str, Any]:
    """Return what `doctor --json` prints, as plain values."""
    return {
        "schema": SCHEMA,
        "is_well": is_well(findings),
        "findings": [
            {
                "subject": finding.subject,
                "level": finding.level,
                "text": finding.text,
                "remedy": finding.remedy or None,
            }
            for finding in findings
        ],
    }


def table(findings: Sequence[Finding]) -> Table:
    """Return a row for each finding: how good, what, and what helps."""
    shown = Table("", "", "", box=None, pad_edge=False, show_header=False)
    for finding in findings:
        text = f"{finding.text} {finding.remedy}".strip()
        shown.add_row(
            finding.level.value, finding.subject, text, style=_STYLES[finding.level]
        )
    return shown
