"""Which processes are to be kept running: a mark in a folder for each.

The starter sets it once a process was ready and takes it away before it starts
one; where `up` fails, it gives back those that were there. Whoever stops a process on
purpose takes it away before that. Between the marks and what runs
`compose.supervision.reviver` sees to it that they agree.
"""

from compose.layout import Layout


def add(layout: Layout, name: str) -> None:
    """Have a process kept running from now on."""
    layout.kept.mkdir(exist_ok=True)
    (layout.kept / name).touch()


def remove(layout: Layout, name: str) -> None:
    """Leave a process alone from now on; harmless if it was."""
    (layout.kept / name).unlink(missing_ok=True)


def names(layout: Layout) -> set[str]:
    """Return the names of all that are to be kept running."""
    if not layout.kept.exists():
        return set()
    return {mark.name for mark in layout.kept.iterdir()}


def forget(layout: Layout) -> None:
    """Leave every process alone from now on."""
    for name in names(layout):
        remove(layout, name)
