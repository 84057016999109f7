"""What the doctor says of one thing, and what a check is."""

import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from compose.settings import Settings


class Level(enum.StrEnum):
    """How good a thing is."""

    OK = "ok"
    WARNING = "warning"
    """The system runs, and something may come to bite it."""

    WRONG = "wrong"
    """The system does not run, or not as it should."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one thing."""

    subject: str
    level: Level
    text: str
    remedy: str = ""
    """One sentence with the command or the setting that helps."""


Check = Callable[[Settings], Iterable[Finding]]
"""Looks at some things; harmless, in a second or so, and never raises."""


def ok(subject: str, text: str) -> Finding:
    """Say that a thing is as it should be."""
    return Finding(subject, Level.OK, text)


def warning(subject: str, text: str, remedy: str) -> Finding:
    """Say that a thing may do harm, and what helps."""
    return Finding(subject, Level.WARNING, text, remedy)


def wrong(subject: str, text: str, remedy: str) -> Finding:
    """Say that a thing is wrong, and what helps."""
    return Finding(subject, Level.WRONG, text, remedy)
