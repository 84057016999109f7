"""The end of a log file, for a person who asks what went wrong."""

from pathlib import Path

_LINE_BYTES = 4096
"""Allowed for a line; more is cut off at its front."""


def size(file: Path) -> int:
    """Return how long a log is now: where what comes next will stand."""
    return file.stat().st_size if file.exists() else 0


def tail(file: Path, *, lines: int, since: int = 0) -> list[str]:
    """Return the last lines that a log got after it was `since` bytes long."""
    if not file.exists():
        return []
    with file.open("rb") as log:
        end = log.seek(0, 2)
        start = since if since <= end else 0  # shorter than it was: rotated
        log.seek(max(start, end - lines * _LINE_BYTES))
        text = log.read().decode(errors="replace")
    return text.splitlines()[-lines:]
