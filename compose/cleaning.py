"""Deleting what a system has left in its state folder; the jars stay."""

import shutil
from pathlib import Path

from compose.credentials import FILE as CREDENTIALS_FILE
from compose.errors import Refused
from compose.layout import Layout
from compose.supervision import orphans


class StillRunning(Refused):
    """Data is not taken away from under running processes."""


def leftovers(layout: Layout) -> list[Path]:
    """Return what `delete` would delete.

    Raises:
        StillRunning: If something of this folder still runs.
    """
    if orphans.find(layout.root):
        raise StillRunning("EmoStream is running here: `down` first.")
    if not layout.mark.exists():
        return []  # whatever lies there, `up` did not make it
    ours = (*layout.folders, layout.root / CREDENTIALS_FILE, layout.mark)
    return [path for path in ours if path.exists()]


def delete(paths: list[Path]) -> None:
    """Delete files and whole folders."""
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
